"""Checks schemas in bounded child processes, and caches the results (spec rows S35 and S36)."""

from __future__ import annotations

import asyncio
import json
from typing import Any, TypeAlias

from cachetools import LRUCache

from palaver.errors import InvalidRequest, ModelNotAvailable
from palaver.host.calls import Caller
from palaver.host.child import ChildError
from palaver.schemas.worker import MAX_CPU_S

_MAX_BYTES = 1_000_000
_MAX_CHECKED_AT_ONCE = 32
"""More than hostile clients are likely to fill; running checks share the processor."""
_MAX_KNOWN = 256
_MAX_TRIES = 3
_TIMEOUT_S = 30.0
"""The limit on a machine that is too busy to give a check its CPU time."""

_Checked: TypeAlias = dict[str, Any] | InvalidRequest


class SchemaChecker:
    """Checks schemas in child processes, which are ended when they take too long.

    The results for known schemas are cached.

    Args:
        max_known: Schemas that are cached.
        timeout_s: Seconds for one schema, waiting included.
    """

    def __init__(self, *, max_known: int = _MAX_KNOWN, timeout_s: float = _TIMEOUT_S) -> None:
        self._caller = Caller("palaver.schemas.worker")
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(_MAX_CHECKED_AT_ONCE)
        self._under_way: dict[bytes, asyncio.Task[_Checked]] = {}
        self._known: LRUCache[bytes, _Checked] = LRUCache(max_known)

    @property
    def pid(self) -> int | None:
        """Id of the child process that forks; ``None`` before the first schema."""
        return self._caller.pid

    async def check(self, schema: Any, path: str) -> dict[str, Any]:
        """A schema in the form in which it is enforced, as :func:`check_schema` gives it.

        Args:
            schema: As the client sent it.
            path: Its path in the request.

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

    async def close(self) -> None:
        """End the processes."""
        await self._caller.end()

    async def _checked(self, content: bytes, path: str) -> _Checked:
        if content in self._known:
            return self._known[content]
        if content not in self._under_way:
            task = asyncio.create_task(self._check(content, path))
            task.add_done_callback(lambda _: self._under_way.pop(content))
            self._under_way[content] = task
        return await asyncio.shield(self._under_way[content])

    async def _check(self, content: bytes, path: str) -> _Checked:
        async with self._slots:
            answer = await self._call_worker(content)
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
        return checked

    async def _call_worker(self, content: bytes) -> bytes:
        """The answer of the schema's process; empty if that was ended.

        Raises:
            ModelNotAvailable: It did not get its CPU time, or cannot be started.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(_MAX_TRIES):
                    try:
                        return bytes(await self._caller.call(content))
                    except ChildError as error:  # the process that forks has died: try again
                        failure = error
        except TimeoutError:  # not a property of the schema, so it is not cached
            message = (
                f"the machine is too busy: a schema was not checked within {self._timeout_s:g} s"
            )
            raise ModelNotAvailable(message) from None
        raise ModelNotAvailable("the process that checks schemas ended repeatedly") from failure


def _refusal(path: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{path}: {why}", param=path)
