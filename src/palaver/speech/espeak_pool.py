"""The processes in which the embedded voices speak."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, TypeAlias

from palaver.errors import ModelNotAvailable
from palaver.speech.espeak_process import AT_ONCE, EASE, FAILED, HURRY, LENGTH, Paces, Style

_TIMEOUT_S = 20.0  # for the next piece
_HURRY_S = 0.3  # what is left of a sentence takes less
_PATIENCE_S = 0.3  # of an answer that nobody plays before all of it is there


class Pace(NamedTuple):
    """How many times faster than it plays a sentence is said that is played meanwhile.

    Attributes:
        few: Of few answers.
        many: Of many, each of them: they share what there are of processes.
    """

    few: float
    many: float

    def of(self, num_answers: int, num_processes: int) -> float:
        """What a process keeps to.

        Args:
            num_answers: That are read at once.
            num_processes: That say them.
        """
        return max(self.few, self.many * num_answers / num_processes)


PACE = Pace(few=8.0, many=4.0)
PACE_BESIDE_TEXT = Pace(few=2.0, many=1.5)
"""While others read answers whose tokens should come evenly."""

_Asked: TypeAlias = tuple[str, Style, bool, Paces]
"""What to say, how, whether it is urgent, and how fast."""


class EspeakPool:
    """Processes that speak, each of them one sentence at a time.

    Whoever waits longest is next, but for the urgent, and every answer waits with one sentence at
    most, so that many answers at once go on evenly. Where somebody urgent has to wait, or somebody
    else will soon have nothing left to play, or nobody listens any more, sentences are said as fast
    as can be. Of the processes that are idle, one that spoke last as it is to speak now begins
    sooner than others.

    Args:
        num_processes: How many at most; ``None`` means one for each core.

    Attributes:
        sample_rate_hz: Of what they say, as soon as the first of it comes.
    """

    def __init__(self, num_processes: int | None = None) -> None:
        self.sample_rate_hz = 0
        num = num_processes or len(os.sched_getaffinity(0))
        self._freed = asyncio.Condition()
        self._idle = [_EspeakProcess() for _ in range(num)]
        self._all = list(self._idle)
        self._working: set[asyncio.Task[None]] = set()
        self._due_s: list[float] = []  # of those that wait: when the others have to hurry
        self._num_urgent = self._num_texts = 0

    async def start(self) -> None:
        """Start the processes now rather than with the first sentences.

        Raises:
            ModelNotAvailable: The library does not work.
        """
        await asyncio.gather(*(process.start() for process in self._all))

    async def close(self) -> None:
        """End the processes."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        for process in self._all:
            await process.end()

    @contextmanager
    def beside_text(self) -> Iterator[None]:
        """What is played while it is said may take its time meanwhile."""
        self._num_texts += 1
        if self._num_texts == 1:
            self._tell_all(EASE)
        try:
            yield
        finally:
            self._num_texts -= 1

    async def speak(
        self,
        text: str,
        style: Style,
        *,
        is_urgent: bool = False,
        played_until_s: float | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """16-bit samples, piece by piece as they are made.

        Args:
            text: What to say.
            style: How.
            is_urgent: Whether the first piece goes before other work.
            played_until_s: Where a few times as fast as it plays will do, when what came before it
                will have been played, by :func:`time.monotonic`.

        Raises:
            ModelNotAvailable: The library does not work, or fails at this text.
        """
        if is_urgent:
            due_s = 0.0
        elif played_until_s is None:
            due_s = time.monotonic() + _PATIENCE_S
        else:
            due_s = played_until_s - _HURRY_S
        process = await self._take(style, is_urgent=is_urgent, due_s=due_s)
        paces = AT_ONCE if played_until_s is None else self._paces()
        pieces: asyncio.Queue[bytes | ModelNotAvailable | None] = asyncio.Queue()
        # A client that goes away must not end a process which has others to serve: the sentence is
        # finished, in milliseconds, and nobody hears it.
        task = asyncio.ensure_future(self._speak(process, (text, style, is_urgent, paces), pieces))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        try:
            while (piece := await pieces.get()) is not None:
                if isinstance(piece, ModelNotAvailable):
                    raise piece
                yield piece
        finally:
            if not task.done():
                process.tell(HURRY)

    async def _speak(
        self,
        process: _EspeakProcess,
        asked: _Asked,
        pieces: asyncio.Queue[bytes | ModelNotAvailable | None],
    ) -> None:
        outcome: ModelNotAvailable | None = ModelNotAvailable("the voice has been ended")
        try:
            await process.start()
            self.sample_rate_hz = process.sample_rate_hz
            await process.speak(asked, pieces.put_nowait)
            outcome = None
        except ModelNotAvailable as error:
            outcome = error
        finally:
            self._idle.append(process)
            pieces.put_nowait(outcome)
            async with self._freed:
                self._freed.notify_all()

    def _paces(self) -> Paces:
        """How fast to say a sentence now, and once text is written beside it."""
        if min(self._due_s, default=math.inf) <= time.monotonic():
            return AT_ONCE
        num_answers = len(self._all) - len(self._idle) + len(self._due_s)
        eased = PACE_BESIDE_TEXT.of(num_answers, len(self._all))
        return eased if self._num_texts else PACE.of(num_answers, len(self._all)), eased

    def _tell_all(self, signal_number: int) -> None:
        for process in self._all:
            process.tell(signal_number)

    async def _take(self, style: Style, *, is_urgent: bool, due_s: float) -> _EspeakProcess:
        """An idle process, waited for: one that has the voice ready, or the longest idle one.

        Args:
            style: How it is to speak.
            is_urgent: Whether to go before others.
            due_s: When the others have to hurry, by :func:`time.monotonic`.
        """
        async with self._freed:
            left_s = max(due_s - time.monotonic(), 0)
            hurry = asyncio.get_running_loop().call_later(left_s, self._tell_all, HURRY)
            self._due_s.append(due_s)
            self._num_urgent += is_urgent
            try:
                await self._freed.wait_for(
                    lambda: self._idle and (is_urgent or not self._num_urgent)
                )
            finally:  # also of one that goes away: others may have waited for it
                hurry.cancel()
                self._due_s.remove(due_s)
                self._num_urgent -= is_urgent
                self._freed.notify_all()
            ready = [i for i, process in enumerate(self._idle) if process.style == style]
            return self._idle.pop(ready[-1] if ready else 0)


class _EspeakProcess:
    """One process, started when it is first needed.

    Attributes:
        style: How it spoke last.
        sample_rate_hz: Of what it says, once it is started.
    """

    def __init__(self) -> None:
        self.style: Style | None = None
        self.sample_rate_hz = 0
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is not None:
            await self.end()
        if self._process is None:
            try:
                import espeakng_loader  # noqa: PLC0415
            except ImportError as error:
                raise ModelNotAvailable("the embedded voices are not installed") from error
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "palaver.speech.espeak_process",
                espeakng_loader.get_library_path(),
                espeakng_loader.get_data_path(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                self.sample_rate_hz = int(await _read(self._process))
            except (OSError, asyncio.IncompleteReadError) as error:
                raise ModelNotAvailable("the embedded voices do not start") from error
        return self._process

    async def speak(self, asked: _Asked, take: Callable[[bytes], None]) -> None:
        process = await self.start()
        text, self.style, is_urgent, paces = asked
        content = text.replace("\0", " ").encode("utf-8", "replace")
        try:
            async with asyncio.timeout(_TIMEOUT_S) as timeout:
                await _ask(process, json.dumps([*self.style, is_urgent, *paces]).encode(), content)
                while piece := await _read(process):
                    timeout.reschedule(asyncio.get_running_loop().time() + _TIMEOUT_S)
                    take(piece)
        except ModelNotAvailable:
            raise
        except BaseException as error:  # half an answer may be under way: begin anew
            await self.end()
            if isinstance(error, OSError | asyncio.IncompleteReadError):
                raise ModelNotAvailable("the voice does not answer; try again") from error
            raise

    def tell(self, signal_number: int) -> None:
        """Have the rest of what is being said be made at another pace."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):  # it has just ended, or only begun
                os.killpg(self._process.pid, signal_number)

    async def end(self) -> None:
        process, self._process, self.style = self._process, None, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()  # which ends the fork that waits
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it has just ended, or is about to
                    os.killpg(process.pid, signal.SIGKILL)  # with the fork that is amid a sentence
            await process.communicate()  # until all pipes are closed


async def _ask(process: asyncio.subprocess.Process, *request: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(b"".join(LENGTH.pack(len(part)) + part for part in request))
    await process.stdin.drain()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    if length == FAILED:
        raise ModelNotAvailable("the voice fails at a sentence of the answer")
    return await process.stdout.readexactly(length)
