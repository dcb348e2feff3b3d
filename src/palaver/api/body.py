"""Reading a request's body: its declared type, its size, its JSON."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic_core import from_json
from starlette.requests import ClientDisconnect

from palaver.errors import InvalidRequest, RequestTooLarge, UnsupportedMediaType


async def read_json_object(request: Request, max_bytes: int) -> dict[str, Any]:
    """The JSON object that a client sent (spec row S02).

    Raises:
        UnsupportedMediaType: It is not declared as JSON.
        RequestTooLarge: It has more than ``max_bytes``.
        InvalidRequest: It is not well-formed JSON (the message has line and column) or no object.
    """
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType(
            f"Content-Type must be application/json, got {declared or 'none'}", param="Content-Type"
        )
    content = await _read(request, max_bytes)
    try:
        value = from_json(content, allow_inf_nan=False, cache_strings="keys")
    except ValueError as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidRequest(f"the body must be a JSON object, got {_kind(value)}")
    return value


async def _read(request: Request, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    num_bytes = 0
    try:
        async for chunk in request.stream():
            num_bytes += len(chunk)
            if num_bytes > max_bytes:
                raise RequestTooLarge(f"the body has more than {max_bytes} bytes")
            chunks.append(chunk)
    except ClientDisconnect:
        raise InvalidRequest("the client closed the connection inside the body") from None
    return b"".join(chunks)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case list():
            return "an array"
        case str():
            return "a string"
    return "a number"
