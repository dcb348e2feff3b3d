"""The server's side of an engine process, with a real process."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from palaver.engine.process.backend import ProcessBackend
from palaver.engine.process.config import EngineConfig
from palaver.engine.process.messages import Refused, encode
from palaver.errors import (
    AnswerTimeout,
    InternalError,
    InvalidRequest,
    ModelFolderError,
    ModelNotAvailable,
    StartTimeout,
)
from palaver.generation.output import TokenOutput
from palaver.generation.request import (
    Array,
    GenerationRequest,
    PlaceholderRange,
    Prompt,
    SamplingParams,
    request_ids,
)
from palaver.generation.stream import Generation
from palaver.host.child import Child
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime import RuntimeConfig
from palaver.runtime.fake import FakeRuntime
from tests.engine.conversations import request, token_ids
from tests.engine.naive import naive_answers

_FAKE = EngineConfig(runtime=RuntimeConfig(folder="", cache_bytes=0, kind="fake"))
_FAKE_WITH_WORDS = EngineConfig(
    runtime=RuntimeConfig(folder=str(BUILT_IN_FOLDER), cache_bytes=0, kind="fake")
)
_PROMPT = Prompt(token_ids(10))
_LONG = SamplingParams(max_tokens=4000, seed=1)
_SHORT = SamplingParams(max_tokens=7, seed=1)
_TIMEOUT_S = 60


@asynccontextmanager
async def _started(config: EngineConfig = _FAKE) -> AsyncIterator[ProcessBackend]:
    client = ProcessBackend("fake", config)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


def _with_client(
    test: Callable[[ProcessBackend], Awaitable[None]], config: EngineConfig = _FAKE
) -> None:
    async def main() -> None:
        async with asyncio.timeout(_TIMEOUT_S), _started(config) as client:
            await test(client)

    asyncio.run(main())


def asked(prompt: Prompt, params: SamplingParams, **options: Any) -> GenerationRequest:
    return GenerationRequest(next(request_ids), prompt, params, **options)


async def _all_tokens(generation: Generation) -> list[TokenOutput]:
    tokens: list[TokenOutput] = []
    while more := await generation.next_tokens():
        tokens += more
    generation.close()
    return tokens


def _expected_short_answer() -> list[int]:
    naive = naive_answers(
        request(0, _PROMPT.token_ids, max_tokens=7, seed=1),
        lambda num_blocks: FakeRuntime(num_blocks=num_blocks),
    )
    return [token_id for token_id, _, _ in naive[0, 0]]


def test_streamed_tokens_equal_those_of_the_engine() -> None:
    async def test(client: ProcessBackend) -> None:
        tokens = await _all_tokens(client.generate(asked(_PROMPT, _SHORT)))
        assert [token.token_id for token in tokens] == _expected_short_answer()
        assert [token.finish for token in tokens] == [None] * 6 + ["length"]
        assert client.num_requests == 0
        generation = client.generate(asked(_PROMPT, _LONG))
        assert len(await generation.next_tokens()) < 4000
        assert not generation.is_finished
        generation.close()

    _with_client(test)


def test_hidden_states_of_media_come_with_the_first_token_if_they_are_wanted() -> None:
    async def test(client: ProcessBackend) -> None:
        content = Array.of(np.array([1], dtype=np.uint8))
        prompt = Prompt([10, 5, 5, 5, 11], [PlaceholderRange(1, 3, "image", b"1", content)])
        generation = client.generate(asked(prompt, _SHORT, wants_hidden_states=True))
        first = await generation.next_tokens()
        assert sum(map(len, generation.hidden_states)) == 3
        tokens = first + await _all_tokens(generation)
        silent = await _all_tokens(client.generate(asked(prompt, _SHORT)))
        assert [t.token_id for t in tokens] == [t.token_id for t in silent]
        assert sum(map(len, generation.hidden_states)) == 3

    _with_client(test)


def test_a_closed_generation_frees_its_memory_for_the_next() -> None:
    async def test(client: ProcessBackend) -> None:
        for _ in range(5):  # each needs nearly the whole cache
            generation = client.generate(asked(_PROMPT, _LONG))
            await generation.next_tokens()
            generation.close()
        assert client.num_requests == 0
        tokens = await _all_tokens(client.generate(asked(_PROMPT, _SHORT)))
        assert [token.token_id for token in tokens] == _expected_short_answer()

    _with_client(test)


def test_a_cancelled_choice_gives_no_more_tokens_and_the_other_finishes() -> None:
    async def test(client: ProcessBackend) -> None:
        params = SamplingParams(max_tokens=500, seed=1)
        generation = client.generate(asked(_PROMPT, params, num_choices=2))
        first = await generation.next_tokens()
        assert {token.choice for token in first} == {0, 1}
        generation.cancel(1)
        rest = await _all_tokens(generation)
        assert 1 not in {token.choice for token in rest}
        assert sum(token.choice == 0 for token in first + rest) == 500
        assert generation.is_finished

    _with_client(test)


def test_cancelling_drops_tokens_that_were_not_taken_yet() -> None:
    generation = Generation(2, lambda choice: None)
    for choice in (0, 1, 0):
        generation.deliver(TokenOutput(1, choice, 5))
    generation.cancel(0)
    generation.deliver(TokenOutput(1, 0, 6))
    generation.deliver(TokenOutput(1, 1, 7, "stop"))
    tokens = asyncio.run(generation.next_tokens())
    assert [(token.choice, token.token_id) for token in tokens] == [(1, 5), (1, 7)]
    assert generation.is_finished


def test_an_error_is_raised_after_the_tokens_that_came_before_it() -> None:
    async def main() -> None:
        generation = Generation(1, lambda choice: None)
        generation.deliver(TokenOutput(1, 0, 5))
        generation.fail(ModelNotAvailable("gone"))
        assert [token.token_id for token in await generation.next_tokens()] == [5]
        for _ in range(2):
            with pytest.raises(ModelNotAvailable, match="gone"):
                await generation.next_tokens()

    asyncio.run(main())


def test_a_request_too_large_for_the_cache_fails_without_affecting_others() -> None:
    async def test(client: ProcessBackend) -> None:
        params = SamplingParams(max_tokens=10_000, seed=1)
        refused = client.generate(asked(_PROMPT, params))
        served = client.generate(asked(_PROMPT, _SHORT))
        with pytest.raises(InvalidRequest, match="4096 tokens"):
            await refused.next_tokens()
        refused.close()
        assert len(await _all_tokens(served)) == 7

    _with_client(test)


def test_a_fault_of_the_engine_is_an_internal_error() -> None:
    async def test(client: ProcessBackend) -> None:
        request = asked(_PROMPT, _SHORT)
        generation = client.generate(request)
        refused = Refused(request.request_id, "the encoders failed", is_own_failure=True)
        client._receive(encode(refused))
        with pytest.raises(InternalError, match="the encoders failed"):
            await _all_tokens(generation)

    _with_client(test)


def test_a_killed_engine_fails_running_requests_and_is_restarted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def until_failure(generation: Generation) -> None:
        while await generation.next_tokens():
            pass

    async def test(client: ProcessBackend) -> None:
        running = [client.generate(asked(_PROMPT, _LONG)) for _ in range(3)]
        await running[0].next_tokens()
        first_pid = client.pid
        assert first_pid is not None
        os.kill(first_pid, signal.SIGKILL)
        for generation in running:
            with pytest.raises(ModelNotAvailable) as caught:
                await until_failure(generation)
            assert caught.value.status == 503
            assert int(caught.value.headers["Retry-After"]) > 0
            generation.close()
        while client.capacity is None:
            await asyncio.sleep(0.01)
        tokens = await _all_tokens(client.generate(asked(_PROMPT, _SHORT)))
        assert [token.token_id for token in tokens] == _expected_short_answer()
        assert client.num_starts == 2
        assert client.pid != first_pid

    with caplog.at_level(logging.INFO, "palaver.host.child"):
        _with_client(test)
    messages = [record.getMessage() for record in caplog.records]
    assert any("status -9" in message for message in messages)
    assert any("is back" in message for message in messages)


def test_requests_that_ended_but_are_not_closed_do_not_time_out() -> None:
    async def test(client: ProcessBackend) -> None:
        finished = client.generate(asked(_PROMPT, _SHORT))
        refused = client.generate(asked(_PROMPT, SamplingParams(max_tokens=10**6, seed=1)))
        with pytest.raises(InvalidRequest):
            await _all_tokens(refused)
        while not finished.is_finished:
            await asyncio.sleep(0.01)
        pid = client.pid
        client._end_overdue(timeout_s=0.0)
        assert len(await _all_tokens(finished)) == 7
        assert len(await _all_tokens(client.generate(asked(_PROMPT, _SHORT)))) == 7
        assert client.pid == pid, "the engine was restarted although it is healthy"

    _with_client(test)


def test_an_engine_that_hangs_is_restarted_and_its_requests_time_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(client: ProcessBackend) -> None:
        assert client.pid
        os.kill(client.pid, signal.SIGSTOP)
        generation = client.generate(asked(_PROMPT, _SHORT))
        client._end_overdue(timeout_s=0.0)
        with pytest.raises(AnswerTimeout, match="no token"):
            await _all_tokens(generation)
        while client.num_starts == 1 or client.capacity is None:
            await asyncio.sleep(0.01)
        assert len(await _all_tokens(client.generate(asked(_PROMPT, _SHORT)))) == 7

    with caplog.at_level(logging.CRITICAL):
        _with_client(test)


def test_nothing_is_generated_before_the_engine_is_ready() -> None:
    with pytest.raises(ModelNotAvailable, match="starting"):
        ProcessBackend("fake", _FAKE).generate(asked(_PROMPT, _SHORT))


def test_stopping_ends_the_process_and_fails_running_requests() -> None:
    async def main() -> None:
        async with asyncio.timeout(_TIMEOUT_S):
            async with _started() as client:
                generation = client.generate(asked(_PROMPT, _LONG))
                await generation.next_tokens()
                pid = client.pid
            assert pid is not None
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
            with pytest.raises(ModelNotAvailable, match="shutting down"):
                while True:
                    assert await generation.next_tokens()
            assert client.num_starts == 1

    asyncio.run(main())


def test_a_fault_of_the_supervision_does_not_keep_the_process_from_being_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(self: Child, on_start: Callable[[bytes], None]) -> None:
        raise ZeroDivisionError("a fault of the supervision")

    async def main() -> None:
        async with asyncio.timeout(_TIMEOUT_S):
            async with _started() as client:
                await asyncio.sleep(0)
                pid = client.pid
            assert pid is not None
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
            assert client.pid is None

    monkeypatch.setattr(Child, "keep_running", fail)
    asyncio.run(main())
    assert "a fault of the supervision" in caplog.text


def test_a_folder_without_a_model_is_an_error_that_names_it(tmp_path: Path) -> None:
    config = EngineConfig(runtime=RuntimeConfig(folder=str(tmp_path), cache_bytes=2**20))

    async def main() -> None:
        client = ProcessBackend("broken", config)
        with pytest.raises(ModelFolderError, match=str(tmp_path)):
            await client.start()

    asyncio.run(main())


def test_an_engine_is_restarted_although_an_inspection_was_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(client: ProcessBackend) -> None:
        assert client.pid
        os.kill(client.pid, signal.SIGSTOP)
        inspecting = asyncio.create_task(client.inspect())
        await asyncio.sleep(0)
        inspecting.cancel()
        os.kill(client.pid, signal.SIGKILL)
        while client.num_starts == 1 or client.capacity is None:
            await asyncio.sleep(0.01)
        assert len(await _all_tokens(client.generate(asked(_PROMPT, _SHORT)))) == 7

    with caplog.at_level(logging.CRITICAL, "palaver.host.child"):
        _with_client(test)


def test_an_engine_that_never_becomes_ready_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(hanging))
    config = msgspec.structs.replace(_FAKE, start_timeout_s=0.2)

    async def main() -> None:
        client = ProcessBackend("slow", config)
        with pytest.raises(StartTimeout, match="'slow' was not loaded in time"):
            await client.start()
        assert client.pid is None
        assert client.capacity is None

    asyncio.run(main())
