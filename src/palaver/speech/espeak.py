"""The embedded voices: espeak-ng, which needs no download and speaks some hundred languages.

The library and its data come with the ``espeakng-loader`` package (the ``speech`` extra).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from palaver.errors import ModelNotAvailable
from palaver.speech.encode import resampled
from palaver.speech.espeak_process import FAILED, LENGTH
from palaver.speech.sentences import readable
from palaver.speech.voice import SAMPLE_RATE_HZ, Samples

_PACKAGE = "espeakng_loader"
_PAUSE_S = 0.25
_TIMEOUT_S = 20.0
_LANGUAGES = {"en": "en-us", "zh": "cmn", "fr": "fr-fr"}
"""Where espeak-ng's name of a language is not its two letters."""


@dataclass(frozen=True, slots=True)
class Timbre:
    """How one of espeak-ng's voices sounds.

    Attributes:
        variant: espeak-ng's name of it.
        pitch: 0 to 99.
        words_per_minute: How fast it reads.
    """

    variant: str
    pitch: int = 50
    words_per_minute: int = 170


TIMBRES = {
    "alto": Timbre("f3"),
    "soprano": Timbre("f2", pitch=65),
    "tenor": Timbre("m7", pitch=45),
    "bass": Timbre("m3", pitch=30),
}


def is_installed() -> bool:
    """Whether the package with the library is there."""
    return find_spec(_PACKAGE) is not None


class EmbeddedVoice:
    """One of the embedded voices.

    Args:
        name: As clients ask for it.
        timbre: How it sounds.
        pool: The processes that speak.
    """

    def __init__(self, name: str, timbre: Timbre, pool: EspeakPool) -> None:
        self.name = name
        self.description = "embedded, espeak-ng"
        self._timbre = timbre
        self._pool = pool

    async def say(self, sentence: str, language: str) -> Samples:
        """See :meth:`Voice.say`; what has nothing to read is silence of no length."""
        text = readable(sentence)
        if not any(character.isalnum() for character in text):
            return np.zeros(0, dtype=np.int16)
        spoken = await self._pool.speak(text, language, self._timbre)
        return await asyncio.to_thread(_finished, *spoken)


class EspeakPool:
    """Processes that speak, each of them one sentence at a time.

    Whoever waits longest is next, and every answer waits with one sentence at most, so that many
    answers at once go on evenly.

    Args:
        num_processes: How many at most; ``None`` means one for each core.
    """

    def __init__(self, num_processes: int | None = None) -> None:
        num = num_processes or len(os.sched_getaffinity(0))
        self._free = asyncio.Semaphore(num)
        self._idle = [_EspeakProcess() for _ in range(num)]
        self._all = list(self._idle)
        self._working: set[asyncio.Task[tuple[bytes, int]]] = set()

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

    async def speak(self, text: str, language: str, timbre: Timbre) -> tuple[bytes, int]:
        """16-bit samples and how many of them are a second.

        Raises:
            ModelNotAvailable: The library does not work, or fails at this text.
        """
        await self._free.acquire()
        task = asyncio.ensure_future(self._speak(text, language, timbre))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        # A client that goes away must not end a process which has others to serve: the sentence is
        # finished, in milliseconds, and nobody hears it.
        return await asyncio.shield(task)

    async def _speak(self, text: str, language: str, timbre: Timbre) -> tuple[bytes, int]:
        process = self._idle.pop()
        try:
            return await process.speak(text, language, timbre)
        finally:
            self._idle.append(process)
            self._free.release()


class _EspeakProcess:
    """One process, started when it is first needed."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._sample_rate_hz = 0

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
                start_new_session=True,  # a terminal's Ctrl-C is the server's affair
            )
            try:
                self._sample_rate_hz = int(await _read(self._process))
            except (OSError, asyncio.IncompleteReadError) as error:
                raise ModelNotAvailable("the embedded voices do not start") from error
        return self._process

    async def speak(self, text: str, language: str, timbre: Timbre) -> tuple[bytes, int]:
        process = await self.start()
        request = {
            "text": text,
            "voice": f"{_LANGUAGES.get(language, language)}+{timbre.variant}",
            "words_per_minute": timbre.words_per_minute,
            "pitch": timbre.pitch,
        }
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await _ask(process, json.dumps(request).encode()), self._sample_rate_hz
        except ModelNotAvailable:
            raise
        except BaseException as error:  # half an answer may be under way: begin anew
            await self.end()
            if isinstance(error, OSError | asyncio.IncompleteReadError):
                raise ModelNotAvailable("the voice does not answer; try again") from error
            raise

    async def end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()  # which ends the fork that waits
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it has just ended
                    os.killpg(process.pid, signal.SIGKILL)  # with the fork that is amid a sentence
            await process.communicate()  # until all pipes are closed


async def _ask(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    assert process.stdin is not None
    process.stdin.write(LENGTH.pack(len(request)) + request)
    await process.stdin.drain()
    return await _read(process)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    if length == FAILED:
        raise ModelNotAvailable("the voice fails at a sentence of the answer")
    return await process.stdout.readexactly(length)


def _finished(sound: bytes, sample_rate_hz: int) -> Samples:
    """The samples at the rate of all voices, with a pause behind them."""
    samples = resampled(np.frombuffer(sound, dtype="<i2").astype(np.int16), sample_rate_hz)
    return np.concatenate([samples, np.zeros(int(_PAUSE_S * SAMPLE_RATE_HZ), dtype=np.int16)])
