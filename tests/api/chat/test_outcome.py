"""Every accepted request ends exactly once: finished, cancelled or failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from functools import partial
from typing import Any, TypeAlias

import pytest
from starlette.requests import ClientDisconnect

from palaver.api.chat.bodies import completion_body
from palaver.api.chat.completion import Completion
from palaver.api.chat.disconnect import unless_disconnected
from palaver.api.chat.outcome import Ending, Outcome
from palaver.api.chat.stream import EventStream
from palaver.chat.request import ChatRequest
from palaver.errors import InvalidRequest, ModelNotAvailable
from palaver.testing import Fail, Hold, Pause, Say, ScriptedBackend, Step
from tests.scripted import HI, completion_of, loaded, scripted

Answering: TypeAlias = Callable[[Completion], Awaitable[Any]]

ANSWER = (Say("Hello"), Pause(0.001), Say(" you"), Pause(0.001), Say("!"))


async def read_all(completion: Completion) -> None:
    """Answer as one object, without a client that could disconnect."""
    async with completion:
        await completion_body(completion)


async def read_whole(completion: Completion) -> None:
    """Answer as the route does, as one object, to a client that stays connected."""
    await unless_disconnected(_never, read_all(completion))


async def read_stream(completion: Completion) -> None:
    """Answer as the route does, as a stream, to a client that stays connected."""
    response = EventStream(completion, has_usage=True, headers={})

    async def send(_: Any) -> None:
        await asyncio.sleep(0)

    await response({"type": "http", "asgi": {"spec_version": "2.3"}}, _never, send)


async def _never() -> Any:
    await asyncio.Event().wait()


class CancelledAt:
    """Awaits something, and is cancelled at its nth suspension.

    Attributes:
        num_waits: How often it was suspended.
    """

    def __init__(self, work: Awaitable[Any], place: int | None = None) -> None:
        self._work = work
        self._place = place
        self.num_waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        go_on: Callable[[], Any] = partial(next, steps)
        while True:
            try:
                pending = go_on()
            except StopIteration as end:
                return end.value
            task = asyncio.current_task()
            if self.num_waits == self._place and task:
                task.cancel()
            self.num_waits += 1
            try:
                yield pending
            except BaseException as error:  # raised by the work, not by the test
                go_on = partial(steps.throw, error)
            else:
                go_on = partial(next, steps)


def outcomes(
    answering: Answering, place: int | None, *steps: Step
) -> tuple[list[Ending], int, bool]:
    """A completion, cancelled at its nth suspension.

    Returns:
        Its outcome, how often it was suspended, and whether it was accepted at all.
    """

    async def run() -> tuple[list[Ending], int, bool]:
        endings: list[Ending] = []
        backend = scripted(*steps)
        async with asyncio.timeout(30), loaded(backend) as model:
            completion = completion_of(model, on_end=endings.append)
            work = CancelledAt(answering(completion), place)

            async def answer() -> None:
                await work

            (answered,) = await asyncio.gather(
                asyncio.ensure_future(answer()), return_exceptions=True
            )
            expected = asyncio.CancelledError | ModelNotAvailable | None
            assert isinstance(answered, expected), answered
            assert backend.num_requests == 0, "something is still being generated"
            with model.lease():
                pass
            return endings, work.num_waits, bool(backend.requests)

    return asyncio.run(run())


@pytest.mark.parametrize("answering", [read_all, read_whole, read_stream])
def test_a_request_that_is_cancelled_anywhere_ends_exactly_once(answering: Answering) -> None:
    (ending,), num_waits, _ = outcomes(answering, None, *ANSWER)
    assert ending.outcome is Outcome.FINISHED
    assert num_waits >= 1
    for place in range(num_waits):
        endings, _, is_accepted = outcomes(answering, place, *ANSWER)
        assert len(endings) == is_accepted, f"cancelled at wait {place}: {endings}"
        for found in endings:
            assert found.outcome in (Outcome.CANCELLED, Outcome.FINISHED)


@pytest.mark.parametrize("answering", [read_all, read_whole, read_stream])
def test_a_request_that_fails_ends_as_failed_with_its_reason(answering: Answering) -> None:
    (ending,), *_ = outcomes(answering, None, Say("Hi"), Fail(ModelNotAvailable("gone")))
    assert (ending.outcome, ending.reason) == (Outcome.FAILED, "MODEL_NOT_AVAILABLE")


def test_a_client_that_disconnects_cancels_its_request() -> None:
    async def run() -> list[Ending]:
        endings: list[Ending] = []
        backend = scripted(Say("Hi"), Hold("never"))
        async with asyncio.timeout(30), loaded(backend) as model:
            completion = completion_of(model, on_end=endings.append)

            async def receive() -> Any:
                while not backend.num_requests:
                    await asyncio.sleep(0)
                return {"type": "http.disconnect"}

            with pytest.raises(ClientDisconnect):
                await unless_disconnected(receive, read_all(completion))
            assert backend.num_requests == 0
        return endings

    (ending,) = asyncio.run(run())
    assert ending.outcome is Outcome.CANCELLED


def test_the_ending_names_account_model_and_usage() -> None:
    async def run() -> Ending:
        endings: list[Ending] = []
        request = ChatRequest(messages=HI.messages, account="key-1", num_choices=2)
        async with loaded(scripted(Say("Hi"), Say("Ho", 1))) as model:
            await read_whole(completion_of(model, request, endings.append))
        (ending,) = endings
        return ending

    ending = asyncio.run(run())
    assert (ending.account, ending.model) == ("key-1", "test")
    assert ending.completion_id.startswith("chatcmpl-")
    assert ending.usage.completion_tokens >= 4
    assert ending.reason is None


def test_a_request_refused_before_it_starts_has_no_outcome() -> None:
    async def run() -> list[Ending]:
        endings: list[Ending] = []
        request = ChatRequest(messages=HI.messages, answer_schema={"type": "integer"})
        async with loaded(ScriptedBackend([])) as model:  # a backend that cannot follow grammars
            with pytest.raises(InvalidRequest, match="form"):
                await read_whole(completion_of(model, request, endings.append))
            late = completion_of(model, on_end=endings.append)
            await model.unload()
            with pytest.raises(ModelNotAvailable):
                await read_whole(late)
        return endings

    assert asyncio.run(run()) == []
