"""A request's body: its declared type, its size and its JSON are checked."""

from __future__ import annotations

import asyncio
import math
from typing import Any, TypeAlias

from fastapi import Request
from jiter import from_json
from starlette.requests import ClientDisconnect

from palaver.api.errors import path_of
from palaver.errors import InvalidRequest, RequestTimeout, RequestTooLarge, UnsupportedMediaType

PAUSE_S = 60.0
"""Longest pause in seconds between two parts of a body."""

_MAX_VALUES = 250_000

_Place: TypeAlias = tuple[int | str, ...]


async def read_json_object(request: Request, max_bytes: int) -> dict[str, Any]:
    """The JSON object that a client sent (spec row S02).

    Raises:
        UnsupportedMediaType: It is not declared as JSON, or encoded.
        RequestTooLarge: It has more than ``max_bytes``.
        RequestTimeout: The rest of it does not come for :data:`PAUSE_S`.
        InvalidRequest: It is not well-formed JSON (the message has line and column) or no object.
    """
    _check_type(request)
    return parse_json_object(await _read(request, max_bytes))


def parse_json_object(content: bytes) -> dict[str, Any]:
    """The JSON object in ``content``.

    Raises:
        InvalidRequest: It is not well-formed, has a name twice, a number too large or very many
            values, or is no object.
    """
    try:
        value = from_json(
            content, allow_inf_nan=False, cache_mode="keys", catch_duplicate_keys=True
        )
    except ValueError as error:
        raise InvalidRequest(f"the body is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidRequest(f"the body must be a JSON object, got {_kind(value)}")
    _check_values(value)
    return value


def _check_type(request: Request) -> None:
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType(
            f"Content-Type must be application/json, got {declared or 'none'}", param="Content-Type"
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise UnsupportedMediaType(
            f"Content-Encoding is not supported, got {encoding}", param="Content-Encoding"
        )


async def _read(request: Request, max_bytes: int) -> bytes:
    declared = request.headers.get("content-length", "")
    too_large = RequestTooLarge(f"the body has more than {max_bytes} bytes")
    if declared.isdecimal() and int(declared[:20]) > max_bytes:
        raise too_large
    chunks: list[bytes] = []
    num_bytes = 0
    now_s = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(PAUSE_S) as timeout:
            async for chunk in request.stream():
                timeout.reschedule(now_s() + PAUSE_S)
                num_bytes += len(chunk)
                if num_bytes > max_bytes:
                    raise too_large
                chunks.append(chunk)
    except ClientDisconnect:
        raise InvalidRequest("the client closed the connection inside the body") from None
    except TimeoutError:
        message = f"the body ends after {num_bytes} bytes; the rest did not come in {PAUSE_S:g} s"
        raise RequestTimeout(message) from None
    return b"".join(chunks)


def _check_values(root: dict[str, Any]) -> None:
    """Refuse very many values, and numbers that no double can hold."""
    num_values = 0
    containers: list[tuple[_Place, Any]] = [((), root)]
    while containers:
        place, container = containers.pop()
        num_values += len(container)
        if num_values > _MAX_VALUES:
            raise InvalidRequest(f"the body has more than {_MAX_VALUES} values")
        for key, value in (
            container.items() if isinstance(container, dict) else enumerate(container)
        ):
            if isinstance(value, (dict, list)):
                containers.append(((*place, key), value))
            elif isinstance(value, float) and math.isinf(value):
                path = path_of((*place, key))
                raise InvalidRequest(f"{path}: must be a finite number, got {value}", param=path)


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
