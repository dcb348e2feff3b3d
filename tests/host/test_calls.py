"""Calls to a child process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from palaver.host.calls import Caller, CallFailed
from palaver.host.child import ChildError


def with_caller(work: Callable[[Caller], Awaitable[None]]) -> None:
    async def run() -> None:
        caller = Caller("tests.host.calling")
        try:
            await work(caller)
        finally:
            await caller.end()

    asyncio.run(run())


def test_each_call_gets_its_answer() -> None:
    async def work(caller: Caller) -> None:
        assert await caller.start() == b"hello"
        words = [f"word {i}".encode() for i in range(20)]
        answers = await asyncio.gather(*(caller.call(word) for word in words))
        assert [bytes(answer) for answer in answers] == [word[::-1] for word in words]

    with_caller(work)


def test_an_error_fails_its_call_alone() -> None:
    async def work(caller: Caller) -> None:
        failing, other = caller.call(b"raise"), caller.call(b"abc")
        first, second = await asyncio.gather(failing, other, return_exceptions=True)
        assert isinstance(first, CallFailed)
        assert isinstance(second, memoryview)
        assert bytes(second) == b"cba"

    with_caller(work)


def test_running_calls_fail_when_the_process_ends_and_the_next_call_starts_another() -> None:
    async def work(caller: Caller) -> None:
        first = await caller.call(b"pid")
        dying, behind = caller.call(b"die"), caller.call(b"abc")
        for outcome in await asyncio.gather(dying, behind, return_exceptions=True):
            assert isinstance(outcome, ChildError)
        assert await caller.call(b"pid") != first

    with_caller(work)


def test_the_process_can_be_killed_during_a_call() -> None:
    async def work(caller: Caller) -> None:
        await caller.start()
        sleeping = asyncio.create_task(caller.call(b"sleep"))
        await asyncio.sleep(0)
        caller.kill()
        with pytest.raises(ChildError, match="ended before"):
            await sleeping
        assert bytes(await caller.call(b"abc")) == b"cba"

    with_caller(work)


def test_the_answer_to_a_cancelled_call_does_not_affect_others() -> None:
    async def work(caller: Caller) -> None:
        await caller.start()
        left = asyncio.create_task(caller.call(b"left"))
        await asyncio.sleep(0)
        left.cancel()
        caller.tell(b"told")
        assert bytes(await caller.call(b"abc")) == b"cba"

    with_caller(work)


def test_messages_to_a_process_that_does_not_run_are_dropped() -> None:
    async def work(caller: Caller) -> None:
        caller.tell(b"told")
        assert caller.pid is None

    with_caller(work)


def test_calls_after_the_end_fail_and_start_no_process() -> None:
    async def work(caller: Caller) -> None:
        await caller.call(b"abc")
        await caller.end()
        for start in (caller.start, caller.start_if_needed, lambda: caller.call(b"abc")):
            with pytest.raises(ChildError, match="not started again"):
                await start()
        assert caller.pid is None

    with_caller(work)


def test_a_call_made_while_the_process_is_being_ended_fails() -> None:
    async def work(caller: Caller) -> None:
        await caller.start()
        ending = asyncio.create_task(caller.end())
        late = asyncio.create_task(caller.call(b"abc"))
        await ending
        with pytest.raises(ChildError):
            await asyncio.wait_for(late, timeout=20)
        assert caller.pid is None

    with_caller(work)


def test_a_start_that_the_end_overtakes_leaves_no_process() -> None:
    async def work(caller: Caller) -> None:
        starting = asyncio.create_task(caller.call(b"abc"))
        await asyncio.sleep(0)  # the start has begun, but has not made a process yet
        await caller.end()
        with pytest.raises(ChildError, match="not started again"):
            await starting
        assert caller.pid is None

    with_caller(work)
