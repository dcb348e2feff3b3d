"""The pool of processes for the embedded voices."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from palaver.errors import ModelNotAvailable
from palaver.host.child import Child, ChildError
from palaver.host.connection import Message
from palaver.speech.voice import Samples
from palaver.speech.voices.espeak.process import CHUNK, DONE, STOP, encode_sentence
from palaver.speech.voices.espeak.timbres import Style

_TIMEOUT_S = 20.0  # for the next chunk
_EXIT_TIMEOUT_S = 1.0
_ENDED = b""
_NUM_PER_CORE = 2  # a process with a limited pace mostly sleeps


class EspeakPool:
    """Processes that each speak one sentence at a time; sentences wait in order of arrival.

    An idle process that had the same style last is preferred, because it begins sooner.

    Args:
        num_processes: Number of processes; ``None`` means two for each core.
        timeout_s: Seconds that the next chunk of a sentence may take.

    Attributes:
        sample_rate_hz: Sample rate of the audio; known from the first chunk on.
    """

    def __init__(self, num_processes: int | None = None, *, timeout_s: float = _TIMEOUT_S) -> None:
        self.sample_rate_hz = 0
        num = num_processes or _NUM_PER_CORE * len(os.sched_getaffinity(0))
        self._all = [EspeakProcess(timeout_s) for _ in range(num)]
        self._idle = list(self._all)
        self._num_waiting = 0
        self._slots = asyncio.Semaphore(num)

    @property
    def styles(self) -> list[Style]:
        """The last styles of the processes that have spoken."""
        return [process.style for process in self._all if process.style]

    async def start(self) -> None:
        """Start the processes now rather than with the first sentences.

        Raises:
            ModelNotAvailable: The library does not work.
        """
        await asyncio.gather(*(process.start() for process in self._all))

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*(process.end() for process in self._all))

    async def speak(
        self, text: str, style: Style, *, is_played: bool = False
    ) -> AsyncGenerator[Samples, None]:
        """``int16[N]``, :attr:`sample_rate_hz` samples a second, chunk by chunk as they are made.

        Args:
            text: The text to speak.
            style: The style.
            is_played: Whether it is played meanwhile, so that the pace may be limited. It is not
                limited while other sentences wait for a process.

        Raises:
            ModelNotAvailable: The library does not work, or fails at this text.
        """
        self._num_waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._num_waiting -= 1
        process = self._take(style)
        try:
            await process.start()
            self.sample_rate_hz = process.sample_rate_hz
            is_paced = is_played and not self._num_waiting
            async with aclosing(process.speak(text, style, is_paced=is_paced)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._idle.append(process)
            self._slots.release()

    def _take(self, style: Style) -> EspeakProcess:
        """An idle process: one that has the style ready, or else the longest idle one."""
        ready = [i for i, process in enumerate(self._idle) if process.style == style]
        return self._idle.pop(ready[-1] if ready else 0)


class EspeakProcess:
    """One process, started when it is first needed.

    Args:
        timeout_s: Seconds that the next chunk of a sentence may take.

    Attributes:
        style: The style of its last sentence.
        sample_rate_hz: Sample rate of the audio, once it is started.
    """

    def __init__(self, timeout_s: float = _TIMEOUT_S) -> None:
        self.style: Style | None = None
        self.sample_rate_hz = 0
        self._timeout_s = timeout_s
        self._chunks: asyncio.Queue[Message] = asyncio.Queue()
        self._num_stopped = 0
        self._child = Child(
            "palaver.speech.voices.espeak.process",
            on_message=self._take,
            on_end=self._note_end,
            exit_timeout_s=_EXIT_TIMEOUT_S,
        )

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._child.pid

    async def start(self) -> None:
        """Start it unless it runs.

        Raises:
            ModelNotAvailable: The library does not work, or is not installed.
        """
        try:
            ready = await self._child.start_if_needed()
        except ChildError as error:
            raise ModelNotAvailable(f"the embedded voices do not start: {error}") from error
        if ready is not None:
            self.sample_rate_hz = int(ready)

    async def speak(
        self, text: str, style: Style, *, is_paced: bool = False
    ) -> AsyncGenerator[Samples, None]:
        """The samples of a sentence, chunk by chunk; closing the generator stops the sentence.

        Raises:
            ModelNotAvailable: The process crashes at the sentence, or takes too long.
        """
        self.style, self._chunks = style, asyncio.Queue()
        for message in encode_sentence(text, style, is_paced=is_paced):
            self._child.send(message)
        is_ended = False
        try:
            while (chunk := await self._next())[:1] == CHUNK:
                yield np.frombuffer(chunk, dtype="<i2", offset=1).astype(np.int16)
            is_ended = True
        finally:
            if not is_ended and self._child.is_ready:
                self._num_stopped += 1
                self._child.send(STOP)
        if chunk != DONE:
            raise ModelNotAvailable("the voice fails at a sentence of the answer")

    async def end(self) -> None:
        """End it."""
        await self._child.end()
        self._note_end()

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._timeout_s):
                chunk = await self._chunks.get()
        except TimeoutError:
            self._child.kill()
            chunk = _ENDED
        if chunk == _ENDED:
            raise ModelNotAvailable("the voice does not answer; try again")
        return chunk

    def _take(self, chunk: Message) -> None:
        if not self._num_stopped:
            self._chunks.put_nowait(chunk)
        elif chunk[:1] != CHUNK:  # the end of a sentence that was stopped
            self._num_stopped -= 1

    def _note_end(self) -> None:
        self.style, self._num_stopped = None, 0
        self._chunks.put_nowait(_ENDED)
