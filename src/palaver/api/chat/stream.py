"""Server-sent events: a completion as a stream (spec rows S16, S17, S42)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing

import msgspec
from fastapi.responses import Response, StreamingResponse
from msgspec import UNSET
from starlette.types import Receive, Scope, Send

from palaver.api.chat.bodies import chunk_body, delta_choice, first_choice, usage_body
from palaver.api.chat.completion import Completion
from palaver.api.chat.disconnect import unless_disconnected
from palaver.api.errors import body_of
from palaver.api.wire.response import ChunkBody, ChunkChoiceBody
from palaver.chat.delta import Delta
from palaver.errors import InternalError, RequestError

MEDIA_TYPE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
"""Headers that keep proxies from caching, compressing or buffering the events."""

_log = logging.getLogger(__name__)

KEEP_ALIVE_S = 5.0
_KEEP_ALIVE = b": keep-alive\n\n"
_DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.Encoder().encode

_Batches = AsyncGenerator[list[Delta] | None, None]


class EventStream(Response):
    """A completion as server-sent events; sending the response enters and leaves it.

    An error before the first tokens is raised, so that it gets an HTTP status of its own; a later
    one becomes an event inside the stream.

    Args:
        completion: Not entered yet.
        has_usage: Whether a last chunk has the usage.
        headers: Further headers to send.
    """

    def __init__(self, completion: Completion, *, has_usage: bool, headers: dict[str, str]) -> None:
        super().__init__(media_type=MEDIA_TYPE)
        self._completion = completion
        self._has_usage = has_usage
        self._further_headers = headers | _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response; an ASGI application.

        Raises:
            RequestError: It failed before the first token.
            ClientDisconnect: The client disconnected before the first token.
        """
        async with (
            self._completion,
            aclosing(self._completion.deltas()) as deltas,
            aclosing(_with_pauses(deltas, KEEP_ALIVE_S)) as batches,
        ):
            first = await unless_disconnected(receive, _first(batches))
            events = self._events(first, batches)
            response = StreamingResponse(
                events, media_type=MEDIA_TYPE, headers=self._further_headers
            )
            async with aclosing(events):
                await response(scope, receive, send)

    async def _events(self, first: list[Delta] | None, batches: _Batches) -> _Events:
        """Complete events, one or more at a time, up to the last one."""
        completion = self._completion
        chunks = _Chunks(completion, has_usage=self._has_usage)
        try:
            yield chunks.of(first)
            async for deltas in batches:
                yield chunks.of(deltas)
            if self._has_usage:
                yield _event(chunk_body(completion, [], usage_body(completion.usage())))
        except RequestError as error:
            completion.note_failure(error)
            yield _error_event(error)
        except Exception as error:
            completion.note_failure(error)
            _log.exception("the stream of %s failed", completion.id)
            yield _error_event(InternalError("palaver failed to answer; its log has the details"))
        yield _DONE


_Events = AsyncGenerator[bytes, None]


class _Chunks:
    """Encodes deltas: one chunk for each, and one with the role before the first of each choice."""

    def __init__(self, completion: Completion, *, has_usage: bool) -> None:
        self._completion = completion
        self._usage = None if has_usage else UNSET
        self._is_begun = [False] * completion.num_choices

    def of(self, deltas: list[Delta] | None) -> bytes:
        """The events of some deltas; a comment where there were none for a while."""
        return _KEEP_ALIVE if deltas is None else b"".join(self._events(deltas))

    def _events(self, deltas: list[Delta]) -> Iterator[bytes]:
        for delta in deltas:
            if not self._is_begun[delta.choice]:
                self._is_begun[delta.choice] = True
                yield self._event(first_choice(delta.choice))
            yield self._event(delta_choice(delta))

    def _event(self, choice: ChunkChoiceBody) -> bytes:
        return _event(chunk_body(self._completion, [choice], self._usage))


async def _first(batches: _Batches) -> list[Delta] | None:
    return await anext(batches, [])


async def _with_pauses(batches: AsyncIterator[list[Delta]], pause_s: float) -> _Batches:
    """The same batches, and ``None`` whenever nothing came for ``pause_s`` seconds."""
    task: asyncio.Future[list[Delta]] | None = None
    try:
        while True:
            task = task or asyncio.ensure_future(anext(batches))
            done, _ = await asyncio.wait([task], timeout=pause_s)
            if not done:
                yield None
                continue
            try:
                deltas = task.result()
            except StopAsyncIteration:
                return
            task = None
            yield deltas
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _error_event(error: RequestError) -> bytes:
    return b"data: " + body_of(error) + b"\n\n"


def _event(body: ChunkBody) -> bytes:
    return b"data: " + _encode(body) + b"\n\n"
