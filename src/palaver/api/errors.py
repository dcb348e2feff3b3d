"""Errors as HTTP responses, all with the same kind of body (spec row S04)."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from palaver.api.wire.response import ErrorBody, ErrorDetail
from palaver.errors import (
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    RequestError,
)

_log = logging.getLogger(__name__)

_CLIENT_GONE = 499
_MAX_SHOWN = 80
_MAX_MESSAGE = 1000
_MAX_PARAM = 200
_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least {min_length} element(s)",
    "too_long": "must have at most {max_length} element(s)",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_pattern_mismatch": "must match {pattern}",
}


def body_of(error: RequestError) -> bytes:
    """The JSON body of an error."""
    message = _shortened(error.message, _MAX_MESSAGE)
    param = error.param and _shortened(error.param, _MAX_PARAM)
    body = ErrorBody(
        code=error.status,
        reason=error.reason,
        message=message,
        metadata={"param": param} if param else {},
        error=ErrorDetail(message, error.error_type, param, error.reason.lower()),
    )
    return msgspec.json.encode(body)


def response_of(error: RequestError) -> Response:
    """The HTTP response for an error."""
    return Response(
        body_of(error), error.status, headers=error.headers, media_type="application/json"
    )


def translate_validation(error: ValidationError, body: Any) -> InvalidRequest:
    """The first mistake in a body: which field, what it must be, what was sent."""
    first = error.errors(include_url=False)[0]
    path = _path(first["loc"], body, is_missing=first["type"] == "missing")
    context: dict[str, Any] = first.get("ctx") or {}
    if "param" in context:
        return InvalidRequest(first["msg"], param=context["param"])
    member = context.get("member")
    if member:
        path = f"{path}.{member}"
    template = _MESSAGES.get(first["type"])
    message = template.format(**context) if template else first["msg"]
    shown = "" if member or first["type"] == "missing" else f", got {_shown(first['input'])}"
    return InvalidRequest(f"{path or 'body'}: {message}{shown}", param=path or None)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error with this body."""

    @app.exception_handler(RequestError)
    async def _request_error(_: Request, error: RequestError) -> Response:
        return response_of(error)

    @app.exception_handler(RequestValidationError)
    async def _parameter_error(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        name = str(first["loc"][-1])
        return response_of(InvalidRequest(f"{name}: {first['msg']}", param=name))

    @app.exception_handler(ClientDisconnect)
    async def _client_disconnected(_: Request, __: ClientDisconnect) -> Response:
        return Response(status_code=_CLIENT_GONE)

    @app.exception_handler(HTTPException)
    async def _http_error(request: Request, error: HTTPException) -> Response:
        where = f"{request.method} {request.scope['path']}"
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            message = f"{where}: this path does not take {request.method}; it takes {allowed}"
            return response_of(MethodNotAllowed(message, headers={"Allow": allowed}))
        return response_of(NotFound(f"{where}: there is no such path"))

    @app.exception_handler(Exception)
    async def _other_error(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
        message = "palaver failed to answer; its log has the details"
        closing = {"Connection": "close"}  # which is what the server does after an exception
        return response_of(InternalError(message, headers=closing))


def _path(location: tuple[int | str, ...], body: Any, *, is_missing: bool) -> str:
    """A location as a path into the body, without the names of a union's alternatives."""
    path: list[int | str] = []
    for number, part in enumerate(location, 1):
        if isinstance(body, list) and isinstance(part, int) and part < len(body):
            body = body[part]
        elif isinstance(body, dict) and str(part) in body:
            body = body[str(part)]
            path.append(str(part))  # the keys of a map of token ids are validated as numbers
            continue
        elif not (is_missing and number == len(location)):
            continue
        path.append(part)
    return path_of(path)


def path_of(parts: Iterable[int | str]) -> str:
    """Keys and indices as a path: ``messages[0].content``."""
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _shown(value: Any) -> str:
    return _shortened(repr(value) if isinstance(value, float) else _as_json(value), _MAX_SHOWN)


def _shortened(text: str, num_characters: int) -> str:
    return text if len(text) <= num_characters else f"{text[:num_characters]}…"


def _as_json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        return type(value).__name__
