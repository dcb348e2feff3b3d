"""What each operation takes and answers, for the OpenAPI document."""

from __future__ import annotations

from palaver.api.chat import stream
from palaver.api.reference import examples
from palaver.api.reference.openapi import answer, failures, json_media, operation, reference
from palaver.api.wire.request import ChatCompletionRequest
from palaver.api.wire.response import (
    ChunkBody,
    CompletionBody,
    ErrorBody,
    HealthBody,
    ModelBody,
    ModelListBody,
    ReadyBody,
)

_KEY_FAILURES = {name: examples.FAILURES[name] for name in ("missing key", "unknown key", "failed")}
_UNKNOWN_MODEL = {"unknown model": examples.FAILURES["unknown model"]}

_EVENT = {
    "type": "object",
    "description": "One event; an error is the last event before `[DONE]`.",
    "properties": {
        "data": {
            "anyOf": [
                {
                    "type": "string",
                    "contentMediaType": "application/json",
                    "contentSchema": {"anyOf": [reference(ChunkBody), reference(ErrorBody)]},
                },
                {"const": "[DONE]"},
            ]
        }
    },
    "required": ["data"],
}
_STREAM = {"itemSchema": _EVENT, "examples": examples.STREAMS}
_SEQUENCES = {
    "type": "object",
    "description": "Model to sequences.",
    "additionalProperties": {
        "anyOf": [
            {
                "type": "array",
                "items": {"type": "object", "description": "State, lengths and blocks."},
            },
            {"type": "string", "description": "The model's state, if its engine is not running."},
        ]
    },
}

OPERATIONS = {
    "createChatCompletion": operation(
        {
            200: answer(
                "The answer: one JSON object, or with `stream` server-sent events.",
                json_media(reference(CompletionBody), examples.ANSWERS)
                | {stream.MEDIA_TYPE: _STREAM},
                headers=["x-ignored-fields"],
            )
        }
        | failures(examples.FAILURES),
        request=json_media(reference(ChatCompletionRequest), examples.QUESTIONS),
    ),
    "listModels": operation(
        {200: answer("All models.", json_media(reference(ModelListBody), examples.MODEL_LIST))}
        | failures(_KEY_FAILURES)
    ),
    "showModel": operation(
        {200: answer("The model.", json_media(reference(ModelBody), examples.MODEL))}
        | failures(_KEY_FAILURES | _UNKNOWN_MODEL)
    ),
    "showEngines": operation(
        {200: answer("The sequences.", json_media(_SEQUENCES, examples.IDLE))}
        | failures(_KEY_FAILURES)
    ),
    "health": operation(
        {200: answer("It runs.", json_media(reference(HealthBody), examples.HEALTH))},
        needs_key=False,
    ),
    "ready": operation(
        {
            200: answer("All can.", json_media(reference(ReadyBody), examples.READY)),
            503: answer("Some cannot yet.", json_media(reference(ReadyBody), examples.NOT_READY)),
        },
        needs_key=False,
    ),
    "metrics": operation(
        {200: answer("The figures.", {"text/plain": {"schema": {"type": "string"}}})},
        needs_key=False,
    ),
}
"""Operation id, as its route has it, to its description."""
