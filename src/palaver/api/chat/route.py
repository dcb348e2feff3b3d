"""``POST /v1/chat/completions`` (spec rows S01 to S45)."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from palaver.api.auth import Authorized
from palaver.api.body import read_json_object
from palaver.api.chat.audio import check_audio, speech_session
from palaver.api.chat.bodies import completion_body
from palaver.api.chat.completion import Completion
from palaver.api.chat.disconnect import unless_disconnected
from palaver.api.chat.intake import chat_request
from palaver.api.chat.stream import EventStream
from palaver.api.errors import translate_validation
from palaver.api.parts import Parts
from palaver.api.wire.request import ChatCompletionRequest
from palaver.api.wire.response import CompletionBody
from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.chat.turn import Turn
from palaver.errors import InvalidRequest
from palaver.models.model import Model

router = APIRouter(tags=["chat"])

_MIB = 2**20
_LONG_CHARACTERS = 10_000
"""Longer conversations take milliseconds to tokenize."""


@router.post("/chat/completions", operation_id="createChatCompletion")
async def create_chat_completion(request: Request, access: Authorized) -> Response:
    """Answer one turn of a conversation, as one JSON object or as server-sent events."""
    begin_s, parts = time.perf_counter(), access.parts
    max_bytes = int(parts.settings.max_body_mib * _MIB)
    body = parse(await read_json_object(request, max_bytes))
    headers = _ignored_fields(body, is_strict=parts.settings.strict)
    model = parts.models.get(body.model)
    check_audio(body, model, parts)
    intake = chat_request(body, model, parts, access.key.id)
    chat = await (unless_disconnected(request.receive, intake) if body.media else intake)
    completion = await _completion(chat, model, parts, begin_s)
    if body.stream:
        has_usage = bool(body.stream_options and body.stream_options.include_usage)
        return EventStream(completion, has_usage=has_usage, headers=headers)
    answer = await unless_disconnected(request.receive, _answer(completion))
    return Response(msgspec.json.encode(answer), headers=headers, media_type="application/json")


def parse(value: dict[str, Any]) -> ChatCompletionRequest:
    """The validated request.

    Raises:
        InvalidRequest: A field is missing, ill-typed, out of range or not supported.
    """
    try:
        return ChatCompletionRequest.model_validate(value)
    except ValidationError as error:
        raise translate_validation(error, value) from error


async def begin_turn(request: ChatRequest, model: ChatModel) -> Turn:
    """The turn of a request; a long one is prepared in a thread, to keep the event loop free.

    Raises:
        InvalidRequest: The model cannot answer such a request.
    """
    if request.num_characters < _LONG_CHARACTERS:
        return Turn(request, model)
    return await asyncio.to_thread(Turn, request, model)


async def _completion(chat: ChatRequest, model: Model, parts: Parts, begin_s: float) -> Completion:
    turn = await begin_turn(chat, model.chat)
    return Completion(
        chat,
        turn,
        model,
        speech=speech_session(chat, model, parts),
        on_first_token=partial(parts.metrics.first_token, model.name, begin_s),
        on_end=lambda ending: parts.metrics.ended(ending.model, ending.outcome),
    )


async def _answer(completion: Completion) -> CompletionBody:
    async with completion:
        return await completion_body(completion)


def _ignored_fields(body: ChatCompletionRequest, *, is_strict: bool) -> dict[str, str]:
    """A header that names fields that are not known (spec row S40)."""
    unknown = body.unknown_fields
    if not unknown:
        return {}
    if is_strict:
        raise InvalidRequest(f"{unknown[0]}: there is no such field", param=unknown[0])
    names = ", ".join(name.encode("ascii", "backslashreplace").decode() for name in unknown)
    return {"x-ignored-fields": "".join(c if c.isprintable() else "?" for c in names)[:1000]}
