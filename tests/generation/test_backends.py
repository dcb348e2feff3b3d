"""The contract of backends: one suite over each implementation."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pytest

from palaver.chat.tokenizer import Tokenizer
from palaver.engine.process.backend import ProcessBackend
from palaver.engine.process.config import EngineConfig
from palaver.errors import AnswerTimeout, InvalidRequest, ModelNotAvailable
from palaver.generation.backend import Backend
from palaver.generation.output import TokenOutput
from palaver.generation.request import (
    Array,
    GenerationRequest,
    Grammar,
    PlaceholderRange,
    Prompt,
    SamplingParams,
    Script,
    request_ids,
)
from palaver.generation.stream import Generation
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime import RuntimeConfig
from palaver.testing import Pause, Say, ScriptedBackend, Step, Token
from tests.runtime.configs import config_of
from tests.scripted import TOKENIZER

BackendMaker: TypeAlias = Callable[[], Backend]

STOP = 2
PROMPT = Prompt(list(range(10, 20)))
_TIMEOUT_S = 60


def process(**options: Any) -> Backend:
    """An engine in a child process, over a runtime without a model."""
    runtime = RuntimeConfig(folder=str(BUILT_IN_FOLDER), cache_bytes=0, kind="fake")
    config = EngineConfig(runtime=runtime, tokenizer=str(TOKENIZER), **options)
    return ProcessBackend("fake", config)


def engine() -> Backend:
    """An engine in a child process, over the built-in model's weights."""
    runtime = config_of(cache_bytes=2**24)
    return ProcessBackend("built-in", EngineConfig(runtime=runtime, tokenizer=str(TOKENIZER)))


def scripted() -> Backend:
    """A script that generates until it is stopped, with other tokens for each seed."""

    def steps(request: GenerationRequest) -> Iterator[Step]:
        if request.params.grammar:
            yield Say("yes")
            return
        for place in range(request.params.max_tokens):
            for choice in range(request.num_choices):
                yield Token(3 + (request.params.seed + place + choice) % 60, choice)
            yield Pause()

    return ScriptedBackend(steps, tokenizer=TOKENIZER, num_cache_tokens=4096)


def late_usage() -> Backend:
    """A script whose usage comes after its tokens."""
    steps: list[Step] = [*(Token(3 + place) for place in range(9)), Pause()]
    return ScriptedBackend(steps, num_cached_tokens=4, is_usage_late=True)


@pytest.fixture(params=[process, scripted])
def make(request: pytest.FixtureRequest) -> BackendMaker:
    maker: BackendMaker = request.param
    return maker


def asked(max_tokens: int = 7, **options: Any) -> GenerationRequest:
    params = SamplingParams(max_tokens=max_tokens, seed=options.pop("seed", 1), **options)
    return GenerationRequest(next(request_ids), PROMPT, params)


def with_backend(make: BackendMaker, test: Callable[[Backend], Awaitable[None]]) -> None:
    async def main() -> None:
        backend = make()
        async with asyncio.timeout(_TIMEOUT_S):
            await backend.start()
            try:
                await test(backend)
            finally:
                await backend.stop()

    asyncio.run(main())


async def make_unready(backend: Backend) -> None:
    """Make a backend lose its capacity; an engine process is then restarted."""
    if not isinstance(backend, ProcessBackend):
        await backend.stop()
        return
    assert backend.pid
    os.kill(backend.pid, signal.SIGKILL)
    while backend.capacity:
        await asyncio.sleep(0)


async def all_tokens(generation: Generation) -> list[TokenOutput]:
    """The tokens of a generation up to its end; closes it."""
    tokens: list[TokenOutput] = []
    while more := await generation.next_tokens():
        tokens += more
    generation.close()
    return tokens


def test_a_backend_serves_nothing_before_start_and_after_stop(make: BackendMaker) -> None:
    async def main() -> None:
        backend = make()
        assert backend.capacity is None
        with pytest.raises(ModelNotAvailable):
            backend.generate(asked())
        with pytest.raises(ModelNotAvailable):
            await backend.inspect()
        capacity = await backend.start()
        assert capacity == backend.capacity
        assert capacity.num_cache_tokens == 4096
        await backend.stop()
        assert backend.capacity is None
        with pytest.raises(ModelNotAvailable):
            backend.generate(asked())

    asyncio.run(main())


def test_tokens_arrive_in_order_and_end_once_at_max_tokens(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        request = asked(7)
        tokens = await all_tokens(backend.generate(request))
        assert {token.request_id for token in tokens} == {request.request_id}
        assert [token.finish for token in tokens] == [None] * 6 + ["length"]
        assert backend.num_requests == 0

    with_backend(make, test)


def test_a_stop_token_is_reported_and_ends_its_choice(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        ordinary = await all_tokens(backend.generate(asked(7)))
        last = ordinary[3].token_id
        first = [token.token_id for token in ordinary].index(last)
        stopped = await all_tokens(backend.generate(asked(7, stop_token_ids=(last,))))
        assert [t.token_id for t in stopped] == [t.token_id for t in ordinary[: first + 1]]
        assert stopped[-1].finish == "stop"

    with_backend(make, test)


def test_each_choice_has_its_own_tokens_and_one_end(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        request = GenerationRequest(
            next(request_ids), PROMPT, SamplingParams(max_tokens=5, seed=1), num_choices=3
        )
        tokens = await all_tokens(backend.generate(request))
        for choice in range(3):
            own = [token for token in tokens if token.choice == choice]
            assert [token.finish for token in own] == [None] * 4 + ["length"]

    with_backend(make, test)


def test_a_cancelled_choice_gives_no_more_tokens_and_the_others_finish(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        params = SamplingParams(max_tokens=200, seed=1)
        request = GenerationRequest(next(request_ids), PROMPT, params, num_choices=2)
        generation = backend.generate(request)
        first = await generation.next_tokens()
        generation.cancel(1)
        rest = await all_tokens(generation)
        assert 1 not in {token.choice for token in rest}
        assert sum(token.choice == 0 for token in first + rest) == 200
        assert generation.is_finished
        assert backend.num_requests == 0

    with_backend(make, test)


def test_a_generation_closed_early_is_no_longer_running(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        generation = backend.generate(asked(4000))
        await generation.next_tokens()
        assert backend.num_requests == 1
        generation.close()
        assert backend.num_requests == 0
        assert len(await all_tokens(backend.generate(asked(7)))) == 7
        assert await backend.inspect() == []

    with_backend(make, test)


def test_usage_is_final_after_the_last_token(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        generation = backend.generate(asked())
        await all_tokens(generation)
        await generation.settled()
        assert 0 <= generation.num_cached_tokens < len(PROMPT)

    with_backend(make, test)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_late_usage_is_final_once_it_has_settled(is_cancelled: bool) -> None:
    async def test(backend: Backend) -> None:
        generation = backend.generate(asked())
        if is_cancelled:
            await generation.next_tokens()
            generation.cancel(0)
        else:
            while await generation.next_tokens():
                assert generation.num_cached_tokens == 0
        await generation.settled()
        assert generation.num_cached_tokens == 4
        generation.close()

    with_backend(late_usage, test)


def test_a_script_of_a_request_is_played_or_refused(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        params = SamplingParams(max_tokens=9, seed=0, stop_token_ids=(STOP,))
        script = Script(((5, 6, STOP),))
        request = GenerationRequest(next(request_ids), PROMPT, params, script=script)
        if backend.capabilities.scripts:
            tokens = await all_tokens(backend.generate(request))
            assert [token.token_id for token in tokens] == [5, 6, STOP]
        else:
            with pytest.raises(InvalidRequest, match="script") as refusal:
                backend.generate(request)
            assert refusal.value.param == "script"
        assert backend.num_requests == 0

    with_backend(make, test)


def test_capabilities_stay_while_a_backend_cannot_generate(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        capabilities = backend.capabilities
        assert "image" in capabilities.media
        await make_unready(backend)
        assert backend.capabilities == capabilities
        params = SamplingParams(max_tokens=3, seed=1)
        request = GenerationRequest(next(request_ids), PROMPT, params, script=Script(((5,),)))
        with pytest.raises(ModelNotAvailable):  # even where scripts are refused
            backend.generate(request)

    with_backend(make, test)


def test_a_request_that_gets_no_token_in_time_times_out() -> None:
    async def test(backend: Backend) -> None:
        assert isinstance(backend, ProcessBackend)
        assert backend.pid
        os.kill(backend.pid, signal.SIGSTOP)
        generation = backend.generate(asked())
        with pytest.raises(AnswerTimeout):
            await generation.next_tokens()
        generation.close()
        assert backend.num_requests == 0

    with_backend(partial(process, token_timeout_s=0.1), test)


def test_requests_side_by_side_get_the_tokens_that_each_gets_alone(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        assert backend.capabilities.exact_seeds
        alone = [await all_tokens(backend.generate(asked(20, seed=i))) for i in range(5)]
        together = await asyncio.gather(
            *(all_tokens(backend.generate(asked(20, seed=i))) for i in range(5))
        )
        for one, other in zip(alone, together, strict=True):
            assert [token.token_id for token in one] == [token.token_id for token in other]

    with_backend(make, test)


@pytest.mark.parametrize("num_top", [0, 2])
def test_log_probabilities_come_with_each_token_if_they_are_wanted(
    make: BackendMaker, num_top: int
) -> None:
    async def test(backend: Backend) -> None:
        assert backend.capabilities.logprobs
        tokens = await all_tokens(backend.generate(asked(num_top_logprobs=num_top)))
        for token in tokens:
            assert token.logprobs is not None
            assert token.logprobs.logprob <= 0
            assert len(token.logprobs.top) <= num_top
        without = await all_tokens(backend.generate(asked()))
        assert all(token.logprobs is None for token in without)

    with_backend(make, test)


@pytest.mark.parametrize("make_able", [engine, scripted])
def test_answers_follow_their_grammar(make_able: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        assert backend.capabilities.grammars
        grammar = Grammar('start: "yes"', "response_format")
        request = asked(20, grammar=grammar, stop_token_ids=(STOP,))
        tokens = await all_tokens(backend.generate(request))
        words = Tokenizer(TOKENIZER.read_text(encoding="utf-8"))
        assert b"".join(words.bytes_of(token.token_id) for token in tokens) == b"yes"
        assert tokens[-1].finish == "stop"

    with_backend(make_able, test)


def test_an_invalid_grammar_is_refused_and_its_field_named(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        request = asked(20, grammar=Grammar("start: (", "tools"), stop_token_ids=(STOP,))
        generation = backend.generate(request)
        with pytest.raises(InvalidRequest) as refusal:
            await all_tokens(generation)
        assert refusal.value.param == "tools"
        generation.close()

    with_backend(make, test)


def test_a_request_too_large_for_the_cache_fails_without_affecting_others(
    make: BackendMaker,
) -> None:
    async def test(backend: Backend) -> None:
        refused = backend.generate(asked(10_000))
        served = backend.generate(asked(7))
        with pytest.raises(InvalidRequest, match="4096 tokens"):
            await refused.next_tokens()
        refused.close()
        assert len(await all_tokens(served)) == 7

    with_backend(make, test)


def test_stopping_a_backend_fails_running_requests_with_a_reason(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        generation = backend.generate(asked(4000))
        await generation.next_tokens()
        await backend.stop()
        with pytest.raises(ModelNotAvailable, match="shutting down"):
            while True:
                assert await generation.next_tokens()
        generation.close()

    with_backend(make, test)


def test_the_account_of_a_running_request_is_shown(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        params = SamplingParams(max_tokens=4000, seed=1)
        request = GenerationRequest(next(request_ids), PROMPT, params, account="key-7")
        generation = backend.generate(request)
        await generation.next_tokens()
        (state,) = await backend.inspect()
        assert (state.request_id, state.account) == (request.request_id, "key-7")
        generation.close()

    with_backend(make, test)


def test_prompts_with_media_are_accepted(make: BackendMaker) -> None:
    async def test(backend: Backend) -> None:
        assert "image" in backend.capabilities.media
        content = Array.of(np.array([1], dtype=np.uint8))
        prompt = Prompt([10, 5, 5, 5, 11], [PlaceholderRange(1, 3, "image", b"1", content)])
        request = GenerationRequest(
            next(request_ids),
            prompt,
            SamplingParams(max_tokens=3, seed=1),
            wants_hidden_states=backend.capabilities.hidden_states,
        )
        generation = backend.generate(request)
        assert len(await all_tokens(generation)) == 3
        num_rows = sum(map(len, generation.hidden_states))
        assert num_rows == (3 if backend.capabilities.hidden_states else 0)

    with_backend(make, test)
