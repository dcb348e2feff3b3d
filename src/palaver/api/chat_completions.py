"""``POST /v1/chat/completions`` (spec rows S01 to S45)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from palaver.api import stream
from palaver.api.auth import authenticate
from palaver.api.body import read_json_object
from palaver.api.completion import Completion, begin_turn
from palaver.api.errors import translate_validation
from palaver.api.media import MediaIntake
from palaver.api.response_formats import with_response_format
from palaver.api.spoken import speech_of, with_spoken_answers
from palaver.api.wire.request import ChatCompletionRequest
from palaver.config import Settings
from palaver.errors import InvalidRequest
from palaver.models.served import ModelRegistry
from palaver.speech.answers import SpokenAnswers
from palaver.speech.catalogue import Voices
from palaver.telemetry import Metrics

router = APIRouter(tags=["chat"])

_T = TypeVar("_T")
_MIB = 2**20


@router.post("/chat/completions", operation_id="createChatCompletion")
async def create_chat_completion(request: Request) -> Response:
    """Answer one turn of a conversation, whole or as a stream of server-sent events."""
    begin_s = time.perf_counter()
    authenticate(request)
    settings: Settings = request.app.state.settings
    registry: ModelRegistry = request.app.state.registry
    body = parse(await read_json_object(request, int(settings.max_body_mib * _MIB)))
    headers = _ignored_fields(body, is_strict=settings.strict)
    model = registry.get(body.model)
    metrics: Metrics = request.app.state.metrics
    answers: SpokenAnswers = request.app.state.spoken_answers
    voices: Voices = request.app.state.voices
    speech = speech_of(body, model, voices, answers)
    body = with_spoken_answers(body, answers)
    chat = body.to_chat()
    if media := body.media:
        intake: MediaIntake = request.app.state.media
        chat = await _unless_disconnected(request, intake.add_to(chat, media, model))
    chat = await with_response_format(chat, body.response_format, request.app.state.schemas)
    turn = await begin_turn(chat, model.chat)

    def note_first_token() -> None:
        metrics.first_token(model.name, time.perf_counter() - begin_s)

    completion = Completion(chat, turn, model, note_first_token, speech)
    if body.stream:
        has_usage = bool(body.stream_options and body.stream_options.include_usage)
        opening = stream.open_stream(completion, has_usage=has_usage)
        events = await _unless_disconnected(request, opening)
        return stream.EventStream(completion, events, headers)
    try:
        answer = await _unless_disconnected(request, completion.whole())
    finally:
        completion.close()
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


def _ignored_fields(body: ChatCompletionRequest, *, is_strict: bool) -> dict[str, str]:
    """A header that names fields nobody knows (spec row S40)."""
    unknown = body.unknown_fields
    if not unknown:
        return {}
    if is_strict:
        raise InvalidRequest(f"{unknown[0]}: there is no such field", param=unknown[0])
    names = ", ".join(name.encode("ascii", "backslashreplace").decode() for name in unknown)
    return {"x-ignored-fields": "".join(c if c.isprintable() else "?" for c in names)[:1000]}


async def _unless_disconnected(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """The result of ``work``, which ends when the client goes away.

    Raises:
        ClientDisconnect: The client has gone.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait([task, gone], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
