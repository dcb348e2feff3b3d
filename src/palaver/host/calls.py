"""Calls to a child process: bytes to bytes, several at once, answered in any order."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable
from typing import TypeVar

from palaver.host.child import START_TIMEOUT_S, Child, ChildError
from palaver.host.child_side import Parent
from palaver.host.connection import Message

_HEAD = struct.Struct("<I?")
"""Number of a call, and whether it succeeded."""
_ENDED = "it ended before it had answered"
_NOT_STARTED = "it has been ended, and is not started again"
_EXIT_TIMEOUT_S = 1.0  # a process that answers calls has nothing to save

_log = logging.getLogger(__name__)

T = TypeVar("T")


class CallFailed(ChildError):
    """The child process raised an error while answering; its log has the traceback."""


class Caller:
    """A child process that answers calls; started with the first call, and again after it died.

    After :meth:`end` it is never started again.

    Args:
        module: The module that it runs; it answers with :func:`serve_calls`, or with
            :func:`answer_to` in an order of its own.
        config: Passed on to the module.
        start_timeout_s: Seconds until it has to be ready.
    """

    def __init__(
        self, module: str, config: str = "", *, start_timeout_s: float = START_TIMEOUT_S
    ) -> None:
        self._child = Child(
            module,
            config,
            on_message=self._take,
            on_end=self._fail_all,
            start_timeout_s=start_timeout_s,
            exit_timeout_s=_EXIT_TIMEOUT_S,
        )
        self._calls: dict[int, asyncio.Future[memoryview]] = {}
        self._num_calls = 0
        self._is_ended = False

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._child.pid

    async def start(self) -> bytes:
        """Start it now; returns the message with which it reports that it is ready.

        Raises:
            ChildError: It does not start.
        """
        return await self._started(self._child.start)

    async def start_if_needed(self) -> None:
        """Start it unless it runs.

        Raises:
            ChildError: It does not start.
        """
        await self._started(self._child.start_if_needed)

    async def call(self, message: bytes) -> memoryview:
        """The process's answer; if the caller is cancelled, the answer is dropped.

        Raises:
            ChildError: It does not start, or ends before it has answered.
            CallFailed: It raised an error.
        """
        await self.start_if_needed()
        self._num_calls += 1
        number = self._num_calls
        answer: asyncio.Future[memoryview] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        self._child.send(_HEAD.pack(number, True) + message)
        try:
            return await answer
        finally:
            self._calls.pop(number, None)

    def tell(self, message: bytes) -> None:
        """Call without waiting for the answer; does nothing if the process is not running."""
        if self._child.is_ready:
            self._num_calls += 1
            self._child.send(_HEAD.pack(self._num_calls, True) + message)

    def kill(self) -> None:
        """End it at once; calls under way fail, the next one starts another process."""
        self._child.kill()

    async def end(self) -> None:
        """End it for good; calls under way fail, as do later ones."""
        self._is_ended = True
        self._fail_all()
        await self._child.end()

    async def _started(self, start: Callable[[], Awaitable[T]]) -> T:
        """The result of ``start``; raises :class:`ChildError` after :meth:`end`."""
        if not self._is_ended:
            ready = await start()
            if not self._is_ended:
                return ready
            await self._child.end()  # end() was called before this start had made a process
        raise ChildError(_NOT_STARTED)

    def _take(self, message: Message) -> None:
        number, is_answered = _HEAD.unpack_from(message)
        answer = self._calls.pop(number, None)
        if answer is None or answer.done():
            return
        if is_answered:
            answer.set_result(memoryview(message)[_HEAD.size :])
        else:
            answer.set_exception(CallFailed("it failed at this call; the log says how"))

    def _fail_all(self) -> None:
        calls, self._calls = self._calls, {}
        for answer in calls.values():
            if not answer.done():
                answer.set_exception(ChildError(_ENDED))


def serve_calls(parent: Parent, work: Callable[[bytes], bytes]) -> None:
    """Answer calls, one after another, until the parent closes the connection; used by the child.

    Args:
        parent: The parent process.
        work: Makes the answer to a call; an exception fails only that call.
    """
    for message in parent:
        number, content = numbered(message)
        try:
            answer: bytes | None = work(content)
        except Exception:
            _log.exception("a call has failed")
            answer = None
        try:
            parent.send(answer_to(number, answer))
        except ConnectionError:  # the parent has closed the connection
            return


def numbered(message: bytes) -> tuple[int, bytes]:
    """A call's number and content, for a child that answers in an order of its own."""
    return _HEAD.unpack_from(message)[0], message[_HEAD.size :]


def answer_to(number: int, content: bytes | None) -> bytes:
    """The message that answers a call; ``None`` fails it."""
    return _HEAD.pack(number, content is not None) + (content or b"")
