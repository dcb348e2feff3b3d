"""Prompts that are read beside the steps of those who are being answered."""

from __future__ import annotations

import pytest

from palaver.chat.tokenizer import Tokenizer
from palaver.engine.engine import Engine
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.generation.request import Grammar
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime.fake import FakeRuntime

from .conversations import request, token_ids
from .naive import Answers, collect, drain, fake_runtime, naive_answers, run

_NUM_POLLS = 5
_END = 2


def _answering(num_blocks: int = 64, num: int = 1, **options: int) -> Engine:
    """An engine that answers, in steps that others are read beside."""
    engine = Engine(fake_runtime(num_blocks, _NUM_POLLS), **options)
    for i in range(num):
        engine.add(request(i, token_ids(6, salt=i), max_tokens=20))
    engine.step()
    assert len(engine.scheduler.running) == num
    return engine


def test_whoever_is_answered_has_a_token_in_each_step_while_a_prompt_is_read() -> None:
    engine = _answering()
    engine.add(request(1, token_ids(30, salt=9), max_tokens=2))
    brought = [{token.request_id for token in engine.step()} for _ in range(_NUM_POLLS + 1)]
    assert brought == [{0}] * _NUM_POLLS + [{0, 1}]


def test_one_part_is_read_after_the_other() -> None:
    engine = _answering(max_step_tokens=16)
    engine.add(request(1, token_ids(16, salt=9), max_tokens=2))
    num_steps = 1
    while all(token.request_id == 0 for token in engine.step()):
        num_steps += 1
    assert num_steps == 2 * (_NUM_POLLS + 1)


def test_where_nobody_is_answered_any_more_the_prompt_is_waited_for() -> None:
    engine = _answering()
    wanted = request(1, token_ids(30, salt=9), max_tokens=2)
    engine.add(wanted)
    engine.step()
    engine.cancel(0)
    answers: Answers = {}
    collect(answers, engine.step())
    assert answers[1, 0] == naive_answers(wanted)[1, 0][:1]


def test_cancelling_waits_for_what_is_read_and_frees_its_blocks() -> None:
    engine = _answering()
    num_before = engine.scheduler.pool.num_available
    engine.add(request(1, token_ids(30, salt=9), max_tokens=2))
    engine.step()
    assert engine.scheduler.pool.num_available < num_before - 5
    engine.cancel(1)
    assert engine.scheduler.pool.num_available >= num_before - 1
    engine.check_integrity()
    others = [request(i, token_ids(30, salt=i), max_tokens=9) for i in (2, 3)]
    answers = run(engine, others)
    assert all(answers[i, 0] == naive_answers(one)[i, 0] for i, one in enumerate(others, start=2))


def test_a_sequence_that_is_being_read_is_preempted_only_when_it_is_read() -> None:
    engine = _answering(num_blocks=12)
    wanted = request(1, token_ids(34, salt=9), max_tokens=4)
    engine.add(wanted)
    answers = run(engine, [])
    assert engine.scheduler.num_preemptions > 0
    assert answers[1, 0] == naive_answers(wanted)[1, 0]
    drain(engine)


def test_beside_more_than_the_runtime_can_nothing_is_read() -> None:
    engine = _answering(num=4)
    engine.add(request(9, token_ids(12, salt=9), max_tokens=2))
    assert {token.request_id for token in engine.step()} == {0, 1, 2, 3, 9}


def test_a_long_prompt_is_read_within_the_step() -> None:
    engine = _answering(num_blocks=200)
    engine.add(request(1, token_ids(200, salt=9), max_tokens=2))
    assert {token.request_id for token in engine.step()} == {0, 1}


def test_figures_count_what_was_read_once_it_is_read() -> None:
    engine = _answering()
    engine.add(request(1, token_ids(12, salt=9), max_tokens=2))
    figures = []
    for _ in range(_NUM_POLLS + 1):
        engine.step()
        assert engine.stats is not None
        figures.append((engine.stats.num_decoded_tokens, engine.stats.num_prompt_tokens))
    assert figures == [(1, 0)] * _NUM_POLLS + [(1, 12)]


def test_the_first_token_after_a_prompt_keeps_to_its_grammar() -> None:
    compiler = GrammarCompiler(BUILT_IN_FOLDER / "tokenizer.json", 4096)
    engine = Engine(FakeRuntime(vocab_size=4096, num_polls=1))
    engine.add(request(0, token_ids(6), max_tokens=30))
    engine.step()
    wanted = request(1, token_ids(12, salt=9), max_tokens=8, stop_token_ids=(_END,))
    constraint = compiler.compile(Grammar('start: "yes" | "no"', "response_format"), (_END,))
    engine.add(wanted, constraint)
    tokens = [t.token_id for _ in range(12) for t in engine.step() if t.request_id == 1]
    tokenizer = Tokenizer((BUILT_IN_FOLDER / "tokenizer.json").read_text())
    text = b"".join(tokenizer.bytes_of(i) for i in tokens if i != _END)
    assert text in (b"yes", b"no")


@pytest.mark.parametrize("num_polls", [0, 1])
def test_reading_beside_and_within_steps_gives_the_same_tokens(num_polls: int) -> None:
    wanted = [request(i, token_ids(5 + 7 * i, salt=i), max_tokens=12) for i in range(8)]
    beside = run(Engine(fake_runtime(200, num_polls), max_step_tokens=16), wanted, 3)
    assert beside == run(Engine(fake_runtime(200), max_step_tokens=16), wanted, 3)
