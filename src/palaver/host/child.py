"""A supervised child process: started, exchanging messages, restarted, ended."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

from palaver.host import tuning
from palaver.host.child_side import READY, TUNED, UNTUNED
from palaver.host.connection import Connection, Message

START_TIMEOUT_S = 120.0
_EXIT_TIMEOUT_S = 5.0
_FIRST_BACKOFF_S = 0.1
_LAST_BACKOFF_S = 10.0

_log = logging.getLogger(__name__)


class ChildError(Exception):
    """A child process did not start, or has ended; the message says why."""


class ChildTimeout(ChildError):
    """A child process was not ready in time; the message says the limit."""


class Child:
    """A process that runs ``python -m MODULE FD PARENT-PID TUNED CONFIG``.

    The module calls :func:`palaver.host.child_side.connect` first. The process ends with
    :meth:`end`, or when this process ends for any reason. It is tuned if this process is; see
    :mod:`palaver.host.tuning`.

    Args:
        module: The module that it runs.
        config: Text that is passed on to the module.
        name: Its name in the log; by default, that of the module.
        on_message: Called with each message after the one that reports the start.
        on_end: Called when it has ended without :meth:`end`.
        start_timeout_s: Seconds until it has to be ready.
        exit_timeout_s: Seconds that it has to end by itself before it is killed.

    Attributes:
        num_starts: How often it was started.
    """

    def __init__(
        self,
        module: str,
        config: str = "",
        *,
        name: str = "",
        on_message: Callable[[Message], None] = lambda message: None,
        on_end: Callable[[], None] = lambda: None,
        start_timeout_s: float = START_TIMEOUT_S,
        exit_timeout_s: float = _EXIT_TIMEOUT_S,
    ) -> None:
        self.num_starts = 0
        self._module = module
        self._name = name or module
        self._config = config
        self._on_message = on_message
        self._on_end = on_end
        self._start_timeout_s = start_timeout_s
        self._exit_timeout_s = exit_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._starting = asyncio.Lock()
        self._backoff_s = 0.0
        self._next_start_s = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def exit_status(self) -> int | None:
        """Its exit status, once :meth:`end` has waited for it; see ``Popen.returncode``."""
        return self._process.returncode if self._process else None

    @property
    def is_ready(self) -> bool:
        """Whether it has started and the connection to it is open."""
        return self._connection is not None and self._connection.is_ready

    async def start(self) -> bytes:
        """Start it and wait until it is ready; an earlier process is ended first.

        After a failed start, the next one is delayed by a tenth of a second, then twice as long
        each time, up to ten seconds.

        Returns:
            The message with which it reports that it is ready.

        Raises:
            ChildError: It reports that it cannot start, ends, or is not ready in time.
        """
        async with self._starting:
            return await self._start()

    async def start_if_needed(self) -> bytes | None:
        """Start it unless it runs.

        Returns:
            The message with which it reports that it is ready; ``None`` if it runs already.

        Raises:
            ChildError: See :meth:`start`.
        """
        async with self._starting:
            return None if self.is_ready else await self._start()

    async def keep_running(self, on_start: Callable[[bytes], None]) -> None:
        """Restart it whenever it ends by itself, until :meth:`end`; to be called once it runs.

        Args:
            on_start: Called with its message when it is ready again.
        """
        while self._connection:
            await self._connection.closed.wait()
            if not self._connection:  # end() was called
                return
            await self._end_process()
            _log.error("%s ended with status %s; starting again", self._name, self.exit_status)
            on_start(await self._start_again())
            _log.info("%s is back", self._name)

    def send(self, message: bytes) -> None:
        """Send a message; it is lost if the process has ended, which `on_end` reports."""
        if self._connection:
            self._connection.send(message)

    def kill(self) -> None:
        """Kill it; :meth:`start` starts another one."""
        if self._process:
            self._process.kill()
        if self._connection:
            self._connection.end()

    async def end(self) -> None:
        """Close the connection, which ends an idle process; kill it if it does not end in time."""
        await asyncio.shield(self._end_process())

    async def _start_again(self) -> bytes:
        while True:
            try:
                return await self.start()
            except ChildError as error:
                _log.error("%s does not start: %s", self._name, error)

    async def _start(self) -> bytes:
        await self._end_process()
        await asyncio.sleep(max(self._next_start_s - time.monotonic(), 0))
        try:
            message = await self._launch()
        except BaseException as error:
            if isinstance(error, ChildError):
                self._backoff_s = min(max(2 * self._backoff_s, _FIRST_BACKOFF_S), _LAST_BACKOFF_S)
                self._next_start_s = time.monotonic() + self._backoff_s
            self.kill()  # it may still be starting, or have reported a failure
            await asyncio.shield(self._end_process())
            raise
        self._backoff_s = self._next_start_s = 0.0
        return message

    async def _launch(self) -> bytes:
        first: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        try:
            await self._connect(self._open_process(), first)
        except OSError as error:
            raise ChildError(f"it cannot be started: {error}") from error
        try:
            async with asyncio.timeout(self._start_timeout_s):
                message = await first
        except TimeoutError:
            raise ChildTimeout(f"it was not ready within {self._start_timeout_s:g} s") from None
        if message[:1] != READY:
            raise ChildError(message[1:].decode() if message else "it ended while it started")
        return bytes(message[1:])

    async def _connect(self, ours: socket.socket, first: asyncio.Future[Message]) -> None:
        try:
            _, self._connection = await asyncio.get_running_loop().create_unix_connection(
                lambda: Connection(first, self._on_message, self._on_end), sock=ours
            )
        except BaseException:
            ours.close()
            raise

    def _open_process(self) -> socket.socket:
        """Start the process; returns this side's socket.

        Raises:
            OSError: The system has no process or file descriptor left, for example.
        """
        ours, theirs = socket.socketpair()
        tuned = TUNED if tuning.is_tuned() else UNTUNED
        arguments = [str(theirs.fileno()), str(os.getpid()), tuned, self._config]
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.num_starts += 1
        return ours

    async def _end_process(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None
        if (process := self._process) is None:
            return
        try:
            await asyncio.to_thread(process.wait, self._exit_timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)
