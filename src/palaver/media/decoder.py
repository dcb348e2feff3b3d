"""Decoding in a process of its own, so that a hostile file harms nobody.

The process has a bound on its memory. It is killed when a file takes too long, replaced when a
file brings it down, and ends by itself when the server does.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from palaver.host.lifeline import end_with_parent
from palaver.host.ticks import start_ticks, ticking
from palaver.host.time_slices import give_way
from palaver.media.decode import MediaError, decode
from palaver.media.limits import MediaLimits
from palaver.multimodal.media import Kind, Media

_MAX_MEMORY_BYTES = 4 * 2**30

_spawn = multiprocessing.get_context("spawn")


class Decoder:
    """One decoding process, started when it is first needed. One file at a time.

    Args:
        limits: What a file may have, and how long it may take.

    Attributes:
        num_waiting: Files that it has been given and has not decoded yet.
    """

    def __init__(self, limits: MediaLimits) -> None:
        self._limits = limits
        self._lock = asyncio.Lock()
        self.num_waiting = 0
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    async def decode(self, kind: Kind, content: bytes) -> Media:
        """A file as arrays.

        Raises:
            MediaError: It cannot be decoded within the limits.
        """
        self.num_waiting += 1
        try:
            return await self._in_turn(kind, content)
        finally:
            self.num_waiting -= 1

    async def _in_turn(self, kind: Kind, content: bytes) -> Media:
        async with self._lock:
            work = asyncio.ensure_future(asyncio.to_thread(self._decode, kind, content))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                if process := self._process:
                    process.kill()  # which makes the thread return
                await asyncio.gather(work, return_exceptions=True)
                self._end()  # it may just have been done, and the next file must not meet a corpse
                raise

    async def close(self) -> None:
        """End the process."""
        async with self._lock:
            self._end()

    def _decode(self, kind: Kind, content: bytes) -> Media:
        connection = self._start()
        try:
            connection.send((kind, content))
            if not connection.poll(self._limits.decode_timeout_s):
                self._end()
                raise MediaError(f"takes longer than {self._limits.decode_timeout_s:g} s to decode")
            answer: Media | MediaError = connection.recv()
        except (EOFError, OSError) as error:
            self._end()
            raise MediaError("brings the decoder down") from error
        if isinstance(answer, MediaError):
            raise answer
        return answer

    def _start(self) -> Connection:
        if self._connection is None or self._process is None or not self._process.is_alive():
            self._end()
            self._connection, theirs = _spawn.Pipe()
            self._process = _spawn.Process(
                target=_serve, args=(theirs, self._limits), daemon=True, name="media decoder"
            )
            self._process.start()
            theirs.close()
        return self._connection

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


def _serve(connection: Connection, limits: MediaLimits) -> None:
    """Decode what comes, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's affair
    end_with_parent()  # who would else notice that a file takes too long?
    start_ticks()
    give_way()
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    while True:
        try:
            kind, content = connection.recv()
        except EOFError:
            return
        try:
            with ticking():
                media = decode(kind, content, limits)
            connection.send(media)
        except MediaError as error:
            connection.send(MediaError(str(error)))
