"""A supervised child process: its start, its messages, its end, its restart."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from palaver.host import child as child_module
from palaver.host.child import Child, ChildError
from palaver.host.connection import Message
from tests.host.processes import is_alive

T = TypeVar("T")


class Conversation:
    """A child process of the tests, with its messages.

    Attributes:
        child: The child.
        messages: Messages that were not read yet.
        num_ends: How often its end was reported.
    """

    def __init__(self, config: str = "", **options: Any) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.num_ends = 0
        self.child = Child(
            "tests.host.children",
            config,
            on_message=self.messages.put_nowait,
            on_end=self._note_end,
            **options,
        )

    async def ask(self, message: bytes) -> Message:
        """Its answer to a message."""
        self.child.send(message)
        return await self.messages.get()

    def _note_end(self) -> None:
        self.num_ends += 1


def with_child(work: Callable[[Conversation], Awaitable[T]], config: str = "", **options: Any) -> T:
    async def run() -> T:
        conversation = Conversation(config, **options)
        try:
            return await work(conversation)
        finally:
            await conversation.child.end()

    return asyncio.run(run())


def test_a_child_says_when_it_is_ready_and_answers_then() -> None:
    async def work(conversation: Conversation) -> None:
        ready = await conversation.child.start()
        assert int(ready) == conversation.child.pid
        for message in (b"hello", b"", b"x" * 1_000_000):
            assert await conversation.ask(message) == message

    with_child(work)


def test_a_child_that_never_says_ready_fails_within_the_timeout_and_is_ended() -> None:
    async def work(conversation: Conversation) -> None:
        with pytest.raises(ChildError, match=r"not ready within 0\.3 s"):
            await conversation.child.start()
        assert conversation.child.pid is None
        assert conversation.child.exit_status == -signal.SIGKILL

    with_child(work, "silent", start_timeout_s=0.3)


@pytest.mark.parametrize(
    ("config", "why"), [("failing", "there is no model"), ("ending", "ended while it started")]
)
def test_a_child_that_cannot_start_says_why(config: str, why: str) -> None:
    async def work(conversation: Conversation) -> None:
        with pytest.raises(ChildError, match=why):
            await conversation.child.start()
        assert conversation.child.pid is None
        assert conversation.num_ends == 0

    with_child(work, config)


def test_failing_starts_are_retried_with_growing_delays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child_module, "_LAST_BACKOFF_S", 0.3)

    async def work(conversation: Conversation) -> list[float]:
        rests = []
        sleep = asyncio.sleep

        async def note(seconds: float) -> None:
            rests.append(seconds)
            await sleep(0)

        monkeypatch.setattr(asyncio, "sleep", note)
        for _ in range(5):
            with pytest.raises(ChildError):
                await conversation.child.start()
        return rests

    first, *others = with_child(work, "ending")
    assert first == 0
    assert others == pytest.approx([0.1, 0.2, 0.3, 0.3], abs=0.05)


def test_the_end_of_a_child_is_reported_once_and_it_can_be_restarted() -> None:
    async def work(conversation: Conversation) -> None:
        child = conversation.child
        first = await child.start()
        child.send(b"die")
        while not conversation.num_ends:
            await asyncio.sleep(0.01)
        assert not child.is_ready
        child.send(b"lost")
        ready = await child.start_if_needed()
        assert ready is not None
        assert int(ready) == child.pid
        assert child.num_starts == 2
        assert await conversation.ask(b"hello") == b"hello"
        assert conversation.num_ends == 1
        assert await child.start_if_needed() is None
        assert child.num_starts == 2
        assert child.pid != int(first)

    with_child(work)


def test_a_child_that_is_kept_running_is_restarted_when_it_ends() -> None:
    async def work(conversation: Conversation) -> None:
        child = conversation.child
        started: asyncio.Queue[bytes] = asyncio.Queue()
        pid = int(await child.start())
        keeping = asyncio.create_task(child.keep_running(started.put_nowait))
        for _ in range(2):
            os.kill(pid, signal.SIGKILL)
            again = int(await started.get())
            assert again == child.pid != pid
            assert child.is_ready
            pid = again
        await child.end()
        await keeping
        assert child.pid is None
        assert conversation.num_ends == 2

    with_child(work)


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
    """Let a function fail the next time as if no file descriptor were left."""

    def fail(*_: Any, **__: Any) -> None:
        monkeypatch.undo()
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(owner, name, fail)


def scarce(what: str) -> tuple[object, str]:
    """The owner and the name of a function that needs file descriptors."""
    if what == "socketpair":
        return socket, what
    return asyncio.get_running_loop(), what


@pytest.mark.parametrize("what", ["socketpair", "create_unix_connection"])
def test_a_child_is_restarted_after_the_system_had_no_file_descriptor_left(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(conversation: Conversation) -> None:
        child = conversation.child
        started: asyncio.Queue[bytes] = asyncio.Queue()
        pid = int(await child.start())
        keeping = asyncio.create_task(child.keep_running(started.put_nowait))
        fail_once(monkeypatch, *scarce(what))
        os.kill(pid, signal.SIGKILL)
        restarted = asyncio.create_task(started.get())
        await asyncio.wait([keeping, restarted], return_when=asyncio.FIRST_COMPLETED)
        assert not keeping.done()
        assert int(await restarted) == child.pid
        await child.end()
        await keeping

    with_child(work)


@pytest.mark.parametrize("what", ["socketpair", "create_unix_connection"])
def test_a_start_without_file_descriptors_fails_and_leaves_none_open(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def num_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async def work(conversation: Conversation) -> None:
        before = num_open()
        fail_once(monkeypatch, *scarce(what))
        with pytest.raises(ChildError, match="too many open files"):
            await conversation.child.start()
        assert num_open() == before
        assert conversation.child.pid is None

    with_child(work)


def test_a_killed_child_is_noticed_at_once() -> None:
    async def work(conversation: Conversation) -> None:
        await conversation.child.start()
        conversation.child.kill()
        assert not conversation.child.is_ready
        assert conversation.num_ends == 1
        await conversation.child.start()
        assert await conversation.ask(b"hello") == b"hello"

    with_child(work)


def test_the_end_of_an_idle_child_is_not_reported() -> None:
    async def work(conversation: Conversation) -> None:
        await conversation.child.start()
        await conversation.child.end()
        assert conversation.child.exit_status == 0
        assert conversation.num_ends == 0

    with_child(work)


@pytest.mark.parametrize("config", ["", "ignoring"])
def test_a_child_that_does_not_end_by_itself_is_killed(config: str) -> None:
    async def work(conversation: Conversation) -> None:
        await conversation.child.start()
        if not config:
            conversation.child.send(b"busy")
        await conversation.child.end()
        assert conversation.child.exit_status == -signal.SIGKILL

    with_child(work, config, exit_timeout_s=0.2)


def test_a_cancelled_start_leaves_no_process() -> None:
    async def work(conversation: Conversation) -> None:
        starting = asyncio.create_task(conversation.child.start())
        while (pid := conversation.child.pid) is None:
            await asyncio.sleep(0.01)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert not is_alive(pid)

    with_child(work, "silent")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_child_ignores_signals_of_a_terminal(number: signal.Signals) -> None:
    async def work(conversation: Conversation) -> None:
        os.kill(int(await conversation.child.start()), number)
        assert await conversation.ask(b"still here") == b"still here"

    with_child(work)


def test_a_child_is_tuned_as_its_parent_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(conversation: Conversation) -> Message:
        await conversation.child.start()
        return await conversation.ask(b"?")

    assert with_child(work) == b"False"
    monkeypatch.setattr("palaver.host.tuning.is_tuned", lambda: True)
    assert with_child(work) == b"True"
