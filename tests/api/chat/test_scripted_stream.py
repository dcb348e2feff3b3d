"""A stream whose model is slow or fails: comments, an error event, and always an end."""

from __future__ import annotations

import asyncio
import re
from itertools import count
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from palaver.api.chat import stream
from palaver.api.chat.bodies import delta_choice
from palaver.api.chat.outcome import Ending, Outcome
from palaver.api.wire.response import ChunkChoiceBody
from palaver.chat.delta import Delta
from palaver.errors import ModelNotAvailable
from palaver.testing import Fail, Hold, Pause, Say, Step
from tests.scripted import completion_of, loaded, scripted

PAUSE_S = 0.02
_SCOPE = {"type": "http", "method": "POST", "asgi": {"spec_version": "2.3"}}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "KEEP_ALIVE_S", PAUSE_S)


class Client:
    """A client that reads a stream, as a whole or in part.

    Args:
        max_events: Parts of the body after which it disconnects; ``None`` reads all.
    """

    def __init__(self, max_events: int | None = None) -> None:
        self.events: list[bytes] = []
        self._max_events = max_events
        self._is_gone = asyncio.Event()
        if max_events == 0:
            self._is_gone.set()

    async def receive(self) -> dict[str, Any]:
        await self._is_gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body" and message["body"]:
            self.events.append(message["body"])
        if self._max_events is not None and len(self.events) >= self._max_events:
            self._is_gone.set()
            await asyncio.sleep(60)  # a disconnected client reads nothing


def streamed(*steps: Step, max_events: int | None = None) -> tuple[list[bytes], list[Ending]]:
    """The parts of a stream's body, and how its completion ended."""

    async def run() -> tuple[list[bytes], list[Ending]]:
        client, endings = Client(max_events), list[Ending]()
        backend = scripted(*steps)
        async with asyncio.timeout(30), loaded(backend) as model:
            completion = completion_of(model, on_end=endings.append)
            response = stream.EventStream(completion, has_usage=False, headers={})
            try:
                await response(_SCOPE, client.receive, client.send)
            finally:
                assert backend.num_requests == 0, "it goes on without its reader"
                assert [ending.completion_id for ending in endings] == [completion.id]
        return client.events, endings

    return asyncio.run(run())


def test_comments_keep_an_idle_stream_alive() -> None:
    events, (ending,) = streamed(Pause(5 * PAUSE_S), Say("Hi"), Pause(5 * PAUSE_S), Say("!"))
    comments = [i for i, event in enumerate(events) if event.startswith(b":")]
    texts = [i for i, event in enumerate(events) if re.search(rb'"content":"[^"]', event)]
    assert comments[0] < texts[0] < comments[-1]
    assert events[-1] == b"data: [DONE]\n\n"
    assert ending.outcome is Outcome.FINISHED


def test_a_failure_before_the_first_token_is_raised() -> None:
    with pytest.raises(ModelNotAvailable):
        streamed(Fail(ModelNotAvailable("gone")))


def assert_it_ends_with_an_error(events: list[bytes], ending: Ending, reason: str) -> None:
    *_, last, done, _ = b"".join(events).split(b"\n\n")
    assert b'"error"' in last
    assert reason.encode() in last
    assert done == b"data: [DONE]"
    assert (ending.outcome, ending.reason) == (Outcome.FAILED, reason)


def test_a_failure_in_mid_stream_is_an_event_before_the_end() -> None:
    events, (ending,) = streamed(Say("Hi"), Pause(0.05), Fail(ModelNotAvailable("gone")))
    assert_it_ends_with_an_error(events, ending, "MODEL_NOT_AVAILABLE")


def test_a_fault_of_the_server_in_mid_stream_is_an_event_before_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encode, calls = delta_choice, count()

    def failing(delta: Delta) -> ChunkChoiceBody:
        if next(calls):
            raise RuntimeError("a fault")
        return encode(delta)

    monkeypatch.setattr(stream, "delta_choice", failing)
    events, (ending,) = streamed(Say("Hi"), Pause(0.05), Say(" you"))
    assert_it_ends_with_an_error(events, ending, "INTERNAL_ERROR")


@pytest.mark.parametrize("max_events", [1, 2])
def test_a_client_that_disconnects_cancels_the_completion(max_events: int) -> None:
    _, (ending,) = streamed(Say("Hi"), Hold("never"), max_events=max_events)
    assert ending.outcome is Outcome.CANCELLED
    assert ending.usage.completion_tokens > 0


def test_a_client_that_disconnects_before_the_first_token_cancels_the_completion() -> None:
    with pytest.raises(ClientDisconnect):
        streamed(Hold("never"), max_events=0)
