"""A stream whose model takes its time, or fails: comments, an error event, and always a close."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from palaver.api import stream
from palaver.api.completion import Completion
from palaver.chat.turn import Delta
from palaver.errors import ModelNotAvailable

PAUSE_S = 0.02


class ScriptedCompletion(Completion):
    """A completion that waits, speaks and fails as it is told."""

    def __init__(self, *script: float | Delta | Exception) -> None:
        self.id = "chatcmpl-test"
        self._created_s = 1
        self._model_name = "test"
        self._script = script
        self.is_closed = False

    @property
    def num_choices(self) -> int:
        return 1

    async def deltas(self) -> AsyncIterator[list[Delta]]:
        for step in self._script:
            match step:
                case Delta():
                    yield [step]
                case Exception():
                    raise step
                case _:
                    await asyncio.sleep(step)

    def close(self) -> None:
        self.is_closed = True


def events(completion: ScriptedCompletion, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    monkeypatch.setattr(stream, "KEEP_ALIVE_S", PAUSE_S)

    async def collect() -> list[bytes]:
        opened = await stream.open_stream(completion, has_usage=False)
        return [event async for event in opened]

    return asyncio.run(collect())


def test_comments_keep_a_silent_stream_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    completion = ScriptedCompletion(5 * PAUSE_S, Delta(0, "Hi"), 5 * PAUSE_S, Delta(0, "!"))
    found = events(completion, monkeypatch)
    comments = [i for i, event in enumerate(found) if event.startswith(b":")]
    texts = [i for i, event in enumerate(found) if b"content" in event]
    assert comments[0] < texts[0] < comments[-1] < texts[-1]
    assert found[-1] == b"data: [DONE]\n\n"
    assert completion.is_closed


def test_a_failure_before_the_first_token_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    completion = ScriptedCompletion(ModelNotAvailable("gone"))
    with pytest.raises(ModelNotAvailable):
        events(completion, monkeypatch)
    assert completion.is_closed


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(ModelNotAvailable("gone"), b"MODEL_NOT_AVAILABLE"), (RuntimeError("x"), b"INTERNAL_ERROR")],
)
def test_a_failure_in_mid_stream_is_an_event_before_the_end(
    failure: Exception, reason: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    completion = ScriptedCompletion(Delta(0, "Hi"), failure)
    found = events(completion, monkeypatch)
    assert b'"error"' in found[-2]
    assert reason in found[-2]
    assert found[-1] == b"data: [DONE]\n\n"
    assert completion.is_closed


def test_a_reader_that_goes_away_closes_the_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "KEEP_ALIVE_S", PAUSE_S)
    completion = ScriptedCompletion(Delta(0, "Hi"), 60.0)

    async def leave() -> None:
        opened: Any = await stream.open_stream(completion, has_usage=False)
        await anext(opened)
        await opened.aclose()

    asyncio.run(leave())
    assert completion.is_closed


def test_a_reader_that_goes_away_before_the_first_event_closes_the_completion() -> None:
    completion = ScriptedCompletion(Delta(0, "Hi"), 60.0)

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        await asyncio.sleep(60.0)  # nobody reads

    async def answer() -> None:
        opened = await stream.open_stream(completion, has_usage=False)
        await stream.EventStream(completion, opened, {})({"type": "http"}, receive, send)

    asyncio.run(answer())
    assert completion.is_closed
