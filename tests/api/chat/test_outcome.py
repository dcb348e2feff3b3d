"""Every accepted request ends exactly once: finished, cancelled or failed."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, TypeAlias

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

from palaver.api.chat.bodies import completion_body
from palaver.api.chat.completion import Completion
from palaver.api.chat.disconnect import unless_disconnected
from palaver.api.chat.outcome import Ending, Outcome
from palaver.api.chat.stream import EventStream
from palaver.chat.request import ChatRequest
from palaver.errors import InvalidRequest, ModelNotAvailable
from palaver.testing import Fail, Hold, Pause, Say, ScriptedBackend, Step
from tests.scripted import HI, completion_of, loaded, scripted

Answering: TypeAlias = Callable[[Completion, Receive, Send], Awaitable[None]]

WORDS = ("H", "i", "!")  # one token each
SLOWLY = tuple(step for word in WORDS for step in (*[Pause()] * 6, Say(word)))
ANSWER = (*SLOWLY, *[Pause()] * 6)
FAILURE = (*ANSWER, Fail(ModelNotAvailable("gone")))
FAILURE_AT_ONCE = (*[Pause()] * 6, Fail(ModelNotAvailable("gone")))


async def read_all(completion: Completion, *_: Any) -> None:
    """Answer as one object, without a client that could disconnect."""
    async with completion:
        await completion_body(completion)


async def read_whole(completion: Completion, receive: Receive, _: Send) -> None:
    """Answer as the route does, as one object."""
    await unless_disconnected(receive, read_all(completion))


async def read_stream(completion: Completion, receive: Receive, send: Send) -> None:
    """Answer as the route does, as a stream."""
    response = EventStream(completion, has_usage=True, headers={})
    await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)


class CountedCoroutine(Coroutine[Any, Any, Any]):
    """A task's coroutine that reports each of its suspensions."""

    def __init__(self, work: Coroutine[Any, Any, Any], on_wait: Callable[[], None]) -> None:
        self._work = work
        self._on_wait = on_wait

    def send(self, value: Any) -> Any:
        pending = self._work.send(value)
        self._on_wait()
        return pending

    def throw(self, *error: Any) -> Any:
        pending = self._work.throw(*error)
        self._on_wait()
        return pending

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._work.__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)  # the state of the coroutine, for task groups


async def _ticks() -> None:
    """Suspend in each turn of the event loop, also when all other tasks wait or have ended."""
    while True:
        await asyncio.sleep(0)


@dataclass
class Run:
    """One completion, interrupted at the nth suspension of any of its tasks.

    Attributes:
        place: Where it is interrupted; ``None`` for nowhere.
        is_disconnect: Whether the client disconnects there; otherwise the request is cancelled.
        num_waits: Suspensions so far, at least one in each turn of the event loop.
        num_sent: Messages that the client got before the interruption.
        endings: The outcomes that were reported.
        is_accepted: Whether the backend got the request.
        raised: Type of what the answer raised.
        faults: What was left behind: unclosed generators, tasks, and errors that were not handled.
    """

    place: int | None = None
    is_disconnect: bool = False
    num_waits: int = 0
    num_sent: int = 0
    endings: list[Ending] = field(default_factory=list)
    is_accepted: bool = False
    raised: type[Any] = NoneType
    faults: list[str] = field(default_factory=list)

    def answer(self, answering: Answering, backend: ScriptedBackend) -> None:
        """Run it in an event loop of its own."""
        backend.requests.clear()
        asyncio.run(self._answer(answering, backend))
        self.is_accepted = bool(backend.requests)

    async def _answer(self, answering: Answering, backend: ScriptedBackend) -> None:
        async with asyncio.timeout(30), loaded(backend) as model:
            others = asyncio.all_tasks()
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, what: self.faults.append(what["message"]))
            sys.set_asyncgen_hooks(finalizer=lambda it: self.faults.append(f"{it} is not closed"))
            self._interrupt = asyncio.Event()
            completion = completion_of(model, on_end=self.endings.append)
            loop.set_task_factory(self._counted)
            self._outer = asyncio.ensure_future(
                self._main(answering(completion, self._receive, self._send))
            )
            others.add(ticks := asyncio.ensure_future(_ticks()))
            (result,) = await asyncio.gather(self._outer, return_exceptions=True)
            self.raised = type(result)
            del result, self._outer  # their frames would keep tasks from being collected
            loop.set_task_factory(None)
            ticks.cancel()
            assert backend.num_requests == 0, "something is still being generated"
            with model.lease():
                pass
            for _ in range(3):  # cancelled tasks end
                await asyncio.sleep(0)
            self.faults += [f"{task} is left" for task in asyncio.all_tasks() - others]

    async def _main(self, work: Awaitable[None]) -> None:
        await work

    def _counted(
        self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any
    ) -> asyncio.Task[Any]:
        return asyncio.Task(CountedCoroutine(work, self._note_wait), loop=loop, **options)

    def _note_wait(self) -> None:
        if self.num_waits == self.place:
            self._interrupt.set()
            if not self.is_disconnect:
                self._outer.cancel()
        self.num_waits += 1

    async def _receive(self) -> Any:
        if not self.is_disconnect:
            await asyncio.Event().wait()
        await self._interrupt.wait()
        return {"type": "http.disconnect"}

    async def _send(self, _: Any) -> None:
        self.num_sent += not self._interrupt.is_set()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "steps", [ANSWER, FAILURE, FAILURE_AT_ONCE], ids=["answer", "failure", "failure_at_once"]
)
@pytest.mark.parametrize(
    ("answering", "is_disconnect"),
    [
        (read_all, False),
        (read_whole, False),
        (read_whole, True),
        (read_stream, False),
        (read_stream, True),
    ],
)
def test_a_request_that_is_interrupted_anywhere_ends_exactly_once(
    answering: Answering, is_disconnect: bool, steps: tuple[Step, ...]
) -> None:
    backend = scripted(*steps)
    whole = Run(is_disconnect=is_disconnect)
    whole.answer(answering, backend)
    (end,) = whole.endings
    assert end.outcome is (Outcome.FINISHED if steps is ANSWER else Outcome.FAILED)
    runs = [Run(place, is_disconnect) for place in range(whole.num_waits)]
    for run in runs:
        run.answer(answering, backend)
        assert len(run.endings) == run.is_accepted, f"{run}"
        assert all(e.outcome in (Outcome.CANCELLED, end.outcome) for e in run.endings), f"{run}"
        expected = asyncio.CancelledError, ClientDisconnect, ModelNotAvailable, NoneType
        assert run.raised in expected, f"{run}"
    gc.collect()
    assert [run for run in [whole, *runs] if run.faults] == []
    cancelled = [e for run in runs for e in run.endings if e.outcome is Outcome.CANCELLED]
    nums_tokens = {e.usage.completion_tokens for e in cancelled}
    num_words = sum(isinstance(step, Say) for step in steps)
    assert nums_tokens >= set(range(num_words + 1)), "it was not interrupted after each token"
    assert {run.num_sent for run in runs} == set(range(whole.num_sent + 1))


@pytest.mark.parametrize("answering", [read_all, read_whole, read_stream])
def test_a_request_that_fails_ends_as_failed_with_its_reason(answering: Answering) -> None:
    run = Run()
    run.answer(answering, scripted(Say("Hi"), Fail(ModelNotAvailable("gone"))))
    (ending,) = run.endings
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
            await read_all(completion_of(model, request, endings.append))
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
                await read_all(completion_of(model, request, endings.append))
            late = completion_of(model, on_end=endings.append)
            await model.unload()
            with pytest.raises(ModelNotAvailable):
                await read_all(late)
        return endings

    assert asyncio.run(run()) == []
