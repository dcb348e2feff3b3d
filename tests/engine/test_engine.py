"""The paged engine equals a naive full recompute, with any other requests and any cache."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from palaver.engine.engine import Engine
from palaver.engine.policy import FirstComeFirstServed, QueuePolicy
from palaver.errors import InvalidRequest
from palaver.generation.output import TokenOutput
from palaver.generation.request import GenerationRequest

from .conversations import request, request_lists, requests, token_ids
from .naive import (
    BLOCK_SIZE,
    STOP,
    Answers,
    collect,
    drain,
    fake_runtime,
    naive_answers,
    run,
)
from .policies import LastComeFirstServed

# -- equality with the naive recompute -------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    request_lists(),
    st.randoms(use_true_random=False),
    st.sampled_from([12, 20, 200]),
    st.sampled_from([1, 11, 16, 37, 512]),
    st.integers(1, 8),
    st.sampled_from([1, 3, 256]),
    st.sampled_from([FirstComeFirstServed, LastComeFirstServed]),
)
def test_tokens_are_the_same_for_any_order_policy_concurrency_chunking_and_cache(
    wanted: list[GenerationRequest],
    order: random.Random,
    num_blocks: int,
    max_step_tokens: int,
    concurrency: int,
    max_running: int,
    policy: Callable[[], QueuePolicy],
) -> None:
    expected: Answers = {}
    for one in wanted:
        expected |= naive_answers(one)
    order.shuffle(wanted)
    engine = Engine(
        fake_runtime(num_blocks),
        policy=policy(),
        max_step_tokens=max_step_tokens,
        max_running=max_running,
    )
    assert run(engine, wanted, concurrency) == expected
    drain(engine)
    assert engine.scheduler.pool.num_available == num_blocks


def test_a_cache_too_small_for_all_preempts_and_changes_no_token() -> None:
    wanted = [request(i, token_ids(10, salt=i), max_tokens=30, num_choices=2) for i in range(6)]
    expected: Answers = {}
    for one in wanted:
        expected |= naive_answers(one)
    engine = Engine(fake_runtime(16), max_step_tokens=16)
    assert run(engine, wanted) == expected
    assert engine.scheduler.num_preemptions > 0
    roomy = Engine(fake_runtime(400))
    assert run(roomy, wanted) == expected
    assert roomy.scheduler.num_preemptions == 0


@pytest.mark.parametrize("num_prompt_tokens", [1, 2, 3, 4, 5, 8, 9, 10, 33])
def test_a_prompt_of_any_length_fills_the_cache_to_its_last_token(num_prompt_tokens: int) -> None:
    num_blocks = 10
    wanted = request(
        0, token_ids(num_prompt_tokens), max_tokens=num_blocks * BLOCK_SIZE - num_prompt_tokens
    )
    engine = Engine(fake_runtime(num_blocks), max_step_tokens=8)
    assert run(engine, [wanted]) == naive_answers(wanted)


def test_an_answer_ends_with_its_stop_token_or_at_its_length() -> None:
    stopped = request(
        0, token_ids(9), max_tokens=20, logit_bias={STOP: 100.0}, stop_token_ids=(STOP,)
    )
    engine = Engine(fake_runtime())
    answers = run(engine, [stopped, request(1, token_ids(9), max_tokens=5)])
    assert [token[:2] for token in answers[0, 0]] == [(STOP, "stop")]
    assert [finish for _, finish, _ in answers[1, 0]] == [None] * 4 + ["length"]


# -- choices ---------------------------------------------------------------------------------


@pytest.mark.parametrize("num_choices", [5, 128])
def test_choices_prefill_the_prompt_once_and_copy_only_the_block_they_write(
    num_choices: int,
) -> None:
    num_blocks = 400
    runtime = fake_runtime(num_blocks)
    engine = Engine(runtime)
    engine.add(request(0, token_ids(4 * BLOCK_SIZE + 2), max_tokens=8, num_choices=num_choices))
    tokens = engine.step().tokens
    assert [token.choice for token in tokens] == list(range(num_choices))
    assert runtime.num_tokens == 4 * BLOCK_SIZE + 2
    assert engine.scheduler.pool.num_available == num_blocks - 5
    engine.step()
    engine.check_integrity()
    assert engine.scheduler.pool.num_available == num_blocks - 4 - num_choices


def test_choices_are_sampled_independently() -> None:
    wanted = request(0, token_ids(10), max_tokens=12, num_choices=8)
    answers = run(Engine(fake_runtime()), [wanted])
    assert answers == naive_answers(wanted)
    assert len({tuple(token for token, _, _ in answer) for answer in answers.values()}) == 8


# -- the prefix cache ------------------------------------------------------------------------


@pytest.mark.parametrize("max_step_tokens", [8, 16, 512])
def test_a_common_prefix_is_computed_once_when_all_arrive_together(max_step_tokens: int) -> None:
    runtime = fake_runtime(num_blocks=200)
    engine = Engine(runtime, max_step_tokens=max_step_tokens)
    common = token_ids(8 * BLOCK_SIZE)
    wanted = [request(i, common + token_ids(3, salt=i), max_tokens=1) for i in range(12)]
    cached: dict[int, int] = {}
    for one in wanted:
        engine.add(one)
    while engine.num_requests:
        cached |= {token.request_id: token.num_cached_tokens for token in engine.step().tokens}
    assert runtime.num_tokens == len(common) + 12 * 3
    assert cached == {0: 0} | dict.fromkeys(range(1, 12), len(common))


def test_a_request_that_waits_for_a_prefix_computes_it_if_the_first_is_cancelled() -> None:
    engine = Engine(fake_runtime(), max_step_tokens=8)
    wanted = [request(i, [*token_ids(30), i], max_tokens=4) for i in range(2)]
    for one in wanted:
        engine.add(one)
    engine.step()
    engine.cancel(0)
    answers: Answers = {}
    while engine.num_requests:
        collect(answers, engine.step().tokens)
    assert answers == naive_answers(wanted[1])


@given(st.integers(1, 40), st.integers(0, 12))
def test_cached_tokens_are_those_that_are_not_computed_again(num_prompt: int, more: int) -> None:
    runtime = fake_runtime()
    engine = Engine(runtime)
    run(engine, [request(0, token_ids(num_prompt), max_tokens=1)])
    drain(engine)
    before = runtime.num_tokens
    engine.add(request(1, token_ids(num_prompt + more), max_tokens=1))
    (token,) = engine.step().tokens
    num_computed = runtime.num_tokens - before
    assert token.num_cached_tokens + num_computed == num_prompt + more
    if more > 1:
        assert token.num_cached_tokens == num_prompt // BLOCK_SIZE * BLOCK_SIZE


def test_evicted_blocks_are_computed_again_and_not_counted_as_cached() -> None:
    engine = Engine(fake_runtime(num_blocks=10))
    run(engine, [request(0, token_ids(30), max_tokens=1)])
    run(engine, [request(1, token_ids(38, salt=9), max_tokens=1)])
    again = request(2, token_ids(30), max_tokens=1)
    engine.add(again)
    (token,) = engine.step().tokens
    assert token.num_cached_tokens == 0
    assert [(token.token_id, token.finish, token.logprobs)] == naive_answers(again)[2, 0]


# -- cache warm-up ---------------------------------------------------------------------------


def _next_turn(wanted: GenerationRequest, answers: Answers) -> GenerationRequest:
    answer = [token for token, _, _ in answers[wanted.request_id, 0]]
    return request(99, [*wanted.prompt.token_ids, *answer, 5, 6, 7], max_tokens=6)


def _step_until_tokens(engine: Engine) -> list[TokenOutput]:
    while not (tokens := engine.step().tokens):
        pass
    return tokens


def test_a_finished_conversation_warms_the_cache_so_that_its_next_turn_is_cached() -> None:
    engine = Engine(fake_runtime())
    wanted = request(0, token_ids(13), max_tokens=14)
    answers = run(engine, [wanted])
    assert engine.has_work
    drain(engine)
    turn = _next_turn(wanted, answers)
    engine.add(turn)
    found: Answers = {}
    tokens = _step_until_tokens(engine)
    assert tokens[0].num_cached_tokens == (13 + 14) // BLOCK_SIZE * BLOCK_SIZE
    collect(found, tokens)
    while engine.num_requests:
        collect(found, engine.step().tokens)
    assert found == naive_answers(turn)


def test_without_cache_warm_up_generated_blocks_are_not_reused_for_prompts() -> None:
    engine = Engine(fake_runtime())
    wanted = request(0, token_ids(13), max_tokens=14)
    turn = _next_turn(wanted, run(engine, [wanted]))
    engine.add(turn)
    found: Answers = {}
    tokens = _step_until_tokens(engine)
    assert tokens[0].num_cached_tokens == 13 // BLOCK_SIZE * BLOCK_SIZE
    collect(found, tokens)
    while engine.num_requests:
        collect(found, engine.step().tokens)
    assert found == naive_answers(turn)


def test_cache_warm_up_pauses_for_a_request_and_is_completed_afterwards() -> None:
    engine = Engine(fake_runtime(), max_step_tokens=8)
    wanted = request(0, token_ids(5), max_tokens=40)
    answers = run(engine, [wanted])
    engine.step()
    engine.step()  # in the middle of the warm-up
    other = request(1, token_ids(6, salt=20), max_tokens=1)
    engine.add(other)
    found: Answers = {}
    collect(found, engine.step().tokens)
    assert found == naive_answers(other)
    drain(engine)
    engine.add(_next_turn(wanted, answers))
    assert _step_until_tokens(engine)[0].num_cached_tokens == 45 // BLOCK_SIZE * BLOCK_SIZE


# -- cancel and refuse -----------------------------------------------------------------------


@pytest.mark.parametrize("num_steps", [0, 1, 3, 6])
def test_cancel_frees_every_block_at_once(num_steps: int) -> None:
    runtime = fake_runtime(num_blocks=16)
    engine = Engine(runtime, max_step_tokens=8)
    engine.add(request(0, token_ids(20), max_tokens=40, num_choices=3))
    for _ in range(num_steps):
        engine.step()
    engine.cancel(0)
    engine.check_integrity()
    assert engine.scheduler.pool.num_available == 16
    assert engine.num_requests == 0
    assert not engine.has_work
    assert engine.step().tokens == []


def test_cancelling_one_choice_leaves_the_others_as_they_were() -> None:
    wanted = request(0, token_ids(10), max_tokens=12, num_choices=3)
    engine = Engine(fake_runtime())
    engine.add(wanted)
    answers: Answers = {}
    collect(answers, engine.step().tokens)
    engine.cancel(0, choice=1)
    while engine.num_requests:
        collect(answers, engine.step().tokens)
        engine.check_integrity()
    expected = naive_answers(wanted)
    expected[0, 1] = expected[0, 1][:1]
    assert answers == expected


def test_cancelling_an_unknown_or_finished_request_does_nothing() -> None:
    engine = Engine(fake_runtime())
    run(engine, [request(0, token_ids(3), max_tokens=1)])
    engine.cancel(0)
    engine.cancel(7, choice=2)
    engine.check_integrity()


def test_a_request_too_large_for_the_cache_is_refused_and_leaves_no_state() -> None:
    engine = Engine(fake_runtime(num_blocks=4))
    with pytest.raises(InvalidRequest, match="16 tokens"):
        engine.add(request(0, token_ids(10), max_tokens=7))
    engine.check_integrity()
    assert not engine.has_work
    fitting = request(0, token_ids(10), max_tokens=6)
    assert run(engine, [fitting]) == naive_answers(fitting)


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        ({64: 1.0}, "token 64"),
        ({-1: 1.0}, "token -1"),
        (dict.fromkeys(range(64), -100.0), "every token"),
    ],
)
def test_a_bias_that_forbids_every_token_is_refused(bias: dict[int, float], message: str) -> None:
    engine = Engine(fake_runtime())
    with pytest.raises(InvalidRequest, match=message):
        engine.add(request(0, token_ids(3), logit_bias=bias))
    assert not engine.has_work


# -- random sequences of operations ----------------------------------------------------------


class EngineMachine(RuleBasedStateMachine):
    """Adds, steps and cancels at random in a cache so small that preemption is common."""

    num_blocks = 14

    def __init__(self) -> None:
        super().__init__()
        runtime = fake_runtime(self.num_blocks)
        self.engine = Engine(runtime, max_step_tokens=12, max_running=5)
        self.requests: dict[int, GenerationRequest] = {}
        self.cancelled: set[int] = set()
        self.cancelled_choices: set[tuple[int, int]] = set()
        self.answers: Answers = {}

    @rule(data=st.data())
    def add(self, data: st.DataObject) -> None:
        wanted = data.draw(requests(len(self.requests), max_tokens=22))
        self.requests[wanted.request_id] = wanted
        self.engine.add(wanted)

    @rule(num=st.integers(1, 8))
    def step(self, num: int) -> None:
        for _ in range(num):
            tokens = self.engine.step().tokens
            self.engine.check_integrity()
            assert self.cancelled.isdisjoint(token.request_id for token in tokens)
            collect(self.answers, tokens)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.requests)))
        self.engine.cancel(request_id)
        self.cancelled.add(request_id)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def cancel_choice(self, data: st.DataObject) -> None:
        request_id, choice = data.draw(st.sampled_from(sorted(self.answers)))
        self.engine.cancel(request_id, choice)
        self.cancelled_choices.add((request_id, choice))

    @invariant()
    def books_balance(self) -> None:
        self.engine.check_integrity()

    def teardown(self) -> None:
        while self.engine.has_work:
            collect(self.answers, self.engine.step().tokens)
            self.engine.check_integrity()
        assert self.engine.num_requests == 0
        assert self.engine.scheduler.pool.num_available == self.num_blocks
        for wanted in self.requests.values():
            for key, expected in naive_answers(wanted).items():
                found = self.answers.get(key, [])
                is_cut = key[0] in self.cancelled or key in self.cancelled_choices
                assert found == (expected[: len(found)] if is_cut else expected)


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
