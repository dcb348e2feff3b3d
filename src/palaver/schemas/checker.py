"""Schemas of requests: checked apart within bounds, and remembered (spec rows S35 and S36)."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections import OrderedDict
from typing import Any, TypeAlias

from palaver.errors import InvalidRequest, ModelNotAvailable
from palaver.schemas.worker import MAX_CPU_S

_MAX_BYTES = 1_000_000
_MAX_CHECKED_AT_ONCE = 32
"""More than hostile clients are likely to fill: each gets its share of the processor at once."""
_NUM_REMEMBERED = 256
_MAX_STARTS = 3
_TIMEOUT_S = 30.0
"""For a machine so busy that the seconds of work do not come together."""

_Checked: TypeAlias = dict[str, Any] | InvalidRequest


class SchemaChecker:
    """Checks schemas in processes that are ended when they take too long.

    Whoever sends a schema that is known already, or none, waits for nobody.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._outbox: socket.socket | None = None
        self._slots = asyncio.Semaphore(_MAX_CHECKED_AT_ONCE)
        self._under_way: dict[bytes, asyncio.Task[_Checked]] = {}
        self._known: OrderedDict[bytes, _Checked] = OrderedDict()

    async def check(self, schema: Any, path: str) -> dict[str, Any]:
        """A schema in the form in which it is enforced, as :func:`check_schema` gives it.

        Args:
            schema: As the client sent it.
            path: Where in the request it stands.

        Raises:
            InvalidRequest: It cannot be enforced, or not be checked within the bounds.
            ModelNotAvailable: The machine is too busy to check it now.
        """
        content = json.dumps([path, schema]).encode()
        if len(content) > _MAX_BYTES:
            raise _refusal(path, f"has more than {_MAX_BYTES} bytes")
        checked = await self._checked(content, path)
        if isinstance(checked, InvalidRequest):
            raise InvalidRequest(checked.message, param=checked.param)
        return checked

    def close(self) -> None:
        """End the process; there is nothing to wait for."""
        if self._outbox:
            self._outbox.close()
        if self._process:
            self._process.wait()
        self._outbox = self._process = None

    async def _checked(self, content: bytes, path: str) -> _Checked:
        if content in self._known:
            self._known.move_to_end(content)
            return self._known[content]
        if content not in self._under_way:
            task = asyncio.create_task(self._check(content, path))
            task.add_done_callback(lambda _: self._under_way.pop(content))
            self._under_way[content] = task
        return await asyncio.shield(self._under_way[content])

    async def _check(self, content: bytes, path: str) -> _Checked:
        async with self._slots:
            answer = await self._ask(content)
        checked: _Checked
        match json.loads(answer or "null"):
            case None:
                why = f"takes more than {MAX_CPU_S} s, or too much memory, to be checked"
                checked = _refusal(path, why)
            case [message, param]:
                checked = InvalidRequest(message, param=param)
            case normal:
                checked = normal
        self._known[content] = checked
        while len(self._known) > _NUM_REMEMBERED:
            self._known.popitem(last=False)
        return checked

    async def _ask(self, content: bytes) -> bytes:
        """What a process of its own answers; nothing if it came to an end before.

        Raises:
            ModelNotAvailable: It has not had the time that it may use.
        """
        reader, writer = await asyncio.open_unix_connection(sock=self._connect())
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                writer.write(content)
                writer.write_eof()
                return await reader.read()
        except TimeoutError:  # says nothing about the schema, so it is not remembered
            message = f"the machine is too busy: a schema was not checked within {_TIMEOUT_S:g} s"
            raise ModelNotAvailable(message) from None
        except ConnectionError:
            return b""
        finally:
            writer.close()

    def _connect(self) -> socket.socket:
        """A connection to a process of its own, forked by one that may first have to be started.

        Raises:
            ModelNotAvailable: It has died again and again.
        """
        for _ in range(_MAX_STARTS):
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(self._start(), [b"."], [theirs.fileno()])
                except OSError:  # it has died since it was looked at
                    ours.close()
                    self.close()
                else:
                    return ours
        raise ModelNotAvailable("the process that checks schemas keeps dying")

    def _start(self) -> socket.socket:
        """The socket to the process that forks; started when it is first needed, or has died."""
        if self._outbox is None or self._process is None or self._process.poll() is not None:
            self.close()
            self._outbox, theirs = socket.socketpair()
            command = [sys.executable, "-m", "palaver.schemas.worker", str(theirs.fileno())]
            with theirs:
                self._process = subprocess.Popen(
                    command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
                )
        return self._outbox


def _refusal(path: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{path}: {why}", param=path)
