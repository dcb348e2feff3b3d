"""Server-sent events: a completion as a stream (spec rows S16, S17, S42)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing

import msgspec
from fastapi.responses import StreamingResponse
from msgspec import UNSET
from starlette.types import Receive, Scope, Send

from palaver.api.completion import Completion
from palaver.api.errors import body_of
from palaver.api.wire.response import ChunkBody, ChunkChoiceBody
from palaver.chat.turn import Delta
from palaver.errors import InternalError, RequestError

MEDIA_TYPE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
"""What keeps proxies from storing, compressing or collecting the events."""

_log = logging.getLogger(__name__)

KEEP_ALIVE_S = 5.0
_KEEP_ALIVE = b": keep-alive\n\n"
_DONE = b"data: [DONE]\n\n"

_encode = msgspec.json.Encoder().encode


class EventStream(StreamingResponse):
    """The events of a completion, which is closed at the end.

    Also where the client goes away before the first of them is asked for.

    Args:
        completion: Whose events they are.
        events: Of :func:`open_stream`.
        headers: To send besides.
    """

    def __init__(
        self, completion: Completion, events: AsyncIterator[bytes], headers: dict[str, str]
    ) -> None:
        super().__init__(events, media_type=MEDIA_TYPE, headers=headers | _HEADERS)
        self._completion = completion

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, as ASGI has it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._completion.close()


async def open_stream(completion: Completion, *, has_usage: bool) -> AsyncIterator[bytes]:
    """The events of a completion, after waiting a little for its first tokens.

    What goes wrong until then is raised, so that it gets an HTTP status of its own; later on it
    becomes an event inside the stream. The completion is closed when the iterator is.

    Raises:
        ModelNotAvailable: The engine died before the first token.
    """
    batches = _with_pauses(completion.deltas(), KEEP_ALIVE_S)
    try:
        first: list[Delta] | None = await anext(batches, [])
    except BaseException:
        completion.close()
        raise
    return _events(completion, first, batches, has_usage=has_usage)


async def _events(
    completion: Completion,
    first: list[Delta] | None,
    batches: AsyncGenerator[list[Delta] | None, None],
    *,
    has_usage: bool,
) -> AsyncIterator[bytes]:
    """Whole events, one or more at a time: one chunk for each delta, the role before the first."""
    is_begun = [False] * completion.num_choices

    def chunks(deltas: list[Delta]) -> Iterator[bytes]:
        for delta in deltas:
            if not is_begun[delta.choice]:
                is_begun[delta.choice] = True
                yield chunk(completion.first_chunk(delta.choice))
            yield chunk(completion.chunk_of(delta))

    def chunk(choices: list[ChunkChoiceBody]) -> bytes:
        return _event(completion.chunk(choices, None if has_usage else UNSET))

    try:
        async with aclosing(batches):
            yield b"".join(chunks(first)) if first is not None else _KEEP_ALIVE
            async for deltas in batches:
                yield b"".join(chunks(deltas)) if deltas is not None else _KEEP_ALIVE
        if has_usage:
            yield _event(completion.chunk([], completion.usage()))
    except RequestError as error:
        yield _error_event(error)
    except Exception:
        _log.exception("the stream of %s failed", completion.id)
        yield _error_event(InternalError("palaver failed to answer; its log has the details"))
    finally:
        completion.close()
    yield _DONE


async def _with_pauses(
    batches: AsyncIterator[list[Delta]], pause_s: float
) -> AsyncGenerator[list[Delta] | None, None]:
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


def _error_event(error: RequestError) -> bytes:
    return b"data: " + body_of(error) + b"\n\n"


def _event(chunk: ChunkBody) -> bytes:
    return b"data: " + _encode(chunk) + b"\n\n"
