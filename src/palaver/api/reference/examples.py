"""Requests and answers for the OpenAPI document; the tests send each one to a real server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from palaver.errors import (
    AnswerTimeout,
    InternalError,
    InvalidApiKey,
    InvalidRequest,
    ModelNotAvailable,
    ModelNotFound,
    RequestError,
    RequestTimeout,
    RequestTooLarge,
    UnsupportedMediaType,
)

Example: TypeAlias = dict[str, Any]
"""An Example Object of OpenAPI: ``summary`` and ``value``."""

_MODEL = "palaver/tiny"
_QUESTION: dict[str, Any] = {
    "model": _MODEL,
    "messages": [
        {"role": "system", "content": "Answer briefly."},
        {"role": "user", "content": "What is 12 + 7?"},
    ],
    "max_tokens": 64,
    "temperature": 0,
}
_SUM_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {
        "name": "sum",
        "schema": {
            "type": "object",
            "properties": {"text": {"type": "string"}, "result": {"type": "integer"}},
            "required": ["text", "result"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
_WEATHER: dict[str, Any] = {
    "model": _MODEL,
    "messages": [{"role": "user", "content": "What is the weather in Rome?"}],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Get the current weather of a city.",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                    "additionalProperties": False,
                },
                "strict": True,
            },
        }
    ],
    "max_tokens": 100,
    "temperature": 0,
}
_USAGE: dict[str, Any] = {
    "prompt_tokens": 25,
    "completion_tokens": 10,
    "total_tokens": 35,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
_HEAD: dict[str, Any] = {
    "id": "chatcmpl-4577c3f4fb6541ef354455d8",
    "object": "chat.completion",
    "created": 1795534010,
    "model": _MODEL,
}


def _example(summary: str, value: Any) -> Example:
    return {"summary": summary, "value": value}


QUESTIONS: Mapping[str, Example] = {
    "question": _example("A question", _QUESTION),
    "streamed": _example(
        "The same, streamed",
        _QUESTION | {"stream": True, "stream_options": {"include_usage": True}},
    ),
    "thinking": _example(
        "With thinking, returned separately",
        _QUESTION | {"max_tokens": 200, "enable_thinking": True, "separate_reasoning": True},
    ),
    "structured": _example(
        "An answer that matches a schema", _QUESTION | {"response_format": _SUM_FORMAT}
    ),
    "tools": _example("A question for which there is a tool", _WEATHER),
    "sampled": _example(
        "Two answers, sampled with a seed, with log probabilities",
        _QUESTION
        | {"temperature": 0.8, "top_p": 0.95, "seed": 1, "n": 2, "stop": [".", "\n"]}
        | {"max_tokens": 1, "logprobs": True, "top_logprobs": 2},
    ),
    "spoken": _example(
        "In text and audio",
        _QUESTION
        | {"modalities": ["text", "audio"], "audio": {"voice": "tenor", "format": "opus"}},
    ),
}
"""Bodies of chat completions; each is answered by the answer of the same name."""


def _answer(usage: Mapping[str, Any], *choices: Mapping[str, Any]) -> dict[str, Any]:
    return _HEAD | {"choices": list(choices), "usage": _USAGE | dict(usage)}


def _choice(index: int, finish_reason: str, logprobs: Any = None, **message: Any) -> dict[str, Any]:
    return {
        "index": index,
        "message": {"role": "assistant"} | message,
        "logprobs": logprobs,
        "finish_reason": finish_reason,
    }


_LIKELIEST = [
    {"token": "1", "logprob": -0.0233, "bytes": [49]},
    {"token": "2", "logprob": -4.167, "bytes": [50]},
]
_LOGPROBS = {"content": [_LIKELIEST[0] | {"top_logprobs": _LIKELIEST}], "refusal": None}

_SPOKEN = {
    "id": "audio_5f0c1d3b8a9e7c6d4b2a1f00",
    "data": "T2dnUwACAAAAAAAAAAA=",
    "transcript": "12 + 7 = 19",
    "expires_at": 1795537610,
}

ANSWERS: Mapping[str, Example] = {
    "question": _example("A question", _answer({}, _choice(0, "stop", content="12 + 7 = 19"))),
    "thinking": _example(
        "With thinking, returned separately",
        _answer(
            {
                "completion_tokens": 44,
                "total_tokens": 69,
                "completion_tokens_details": {"reasoning_tokens": 33, "audio_tokens": 0},
            },
            _choice(
                0,
                "stop",
                content="12 + 7 = 19",
                reasoning_content="ones: 2 + 7 = 9\ntens: 1 + 0 = 1\n12 + 7 = 19",
            ),
        ),
    ),
    "tools": _example(
        "A call of a tool",
        _answer(
            {"prompt_tokens": 86, "completion_tokens": 24, "total_tokens": 110},
            _choice(
                0,
                "tool_calls",
                content=None,
                tool_calls=[
                    {
                        "id": "call_ca66d85db7e0afc816aaebeb",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'},
                    }
                ],
            ),
        ),
    ),
    "structured": _example(
        "An answer that matches a schema",
        _answer(
            {"completion_tokens": 26, "total_tokens": 51},
            _choice(0, "stop", content='{"text": "12 + 7 = 19", "result": 19}'),
        ),
    ),
    "sampled": _example(
        "Two answers, sampled with a seed, with log probabilities",
        _answer(
            {"completion_tokens": 2, "total_tokens": 27},
            _choice(0, "length", _LOGPROBS, content="1"),
            _choice(1, "length", _LOGPROBS, content="1"),
        ),
    ),
    "spoken": _example(
        "In text and audio; the data are shortened here",
        _answer(
            {
                "completion_tokens": 75,
                "total_tokens": 100,
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 65},
            },
            _choice(0, "stop", content="12 + 7 = 19", audio=_SPOKEN),
        ),
    ),
}


def _events(*chunks: dict[str, Any]) -> str:
    head = _HEAD | {"object": "chat.completion.chunk"}
    events = [json.dumps(head | {"usage": None} | chunk) for chunk in chunks]
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"])


def _delta(finish_reason: str | None = None, **delta: str) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {"choices": [choice]}


STREAMS: Mapping[str, Example] = {
    "streamed": _example(
        "A question, streamed",
        _events(
            _delta(role="assistant", content=""),
            _delta(content="12 + 7"),
            _delta(content=" = 19"),
            _delta("stop"),
            {"choices": [], "usage": _USAGE},
        ),
    ),
}

_DESCRIBED_MODEL: dict[str, Any] = {
    "id": _MODEL,
    "object": "model",
    "created": 1795534009,
    "owned_by": "palaver",
    "title": "tiny",
    "description": "qwen3, 6 layers of 192",
    "context_size": 4096,
    "max_output_tokens": 4095,
    "input_modalities": ["text"],
    "output_modalities": ["text", "audio"],
    "voices": ["alto", "soprano", "tenor", "bass"],
    "features": ["reasoning"],
    "input_token_price_per_m": 0,
    "output_token_price_per_m": 0,
}

MODEL: Mapping[str, Example] = {"built-in": _example("The built-in model", _DESCRIBED_MODEL)}
MODEL_LIST: Mapping[str, Example] = {
    "built-in": _example(
        "A server of the built-in model alone", {"object": "list", "data": [_DESCRIBED_MODEL]}
    )
}
HEALTH: Mapping[str, Example] = {"up": _example("It runs", {"status": "ok"})}
READY: Mapping[str, Example] = {
    "ready": _example("It answers", {"status": "ok", "models": {_MODEL: "ready"}})
}
NOT_READY: Mapping[str, Example] = {
    "loading": _example("Not yet", {"status": "loading", "models": {_MODEL: "loading"}})
}
IDLE: Mapping[str, Example] = {
    "idle": _example("Nothing is running", {_MODEL: []}),
    "restarting": _example("An engine is being restarted", {_MODEL: "loading"}),
}

FAILURES: Mapping[str, RequestError] = {
    "malformed": InvalidRequest(
        "the body is not valid JSON: expected value at line 1 column 11",
    ),
    "out of range": InvalidRequest("temperature: must be at most 2, got 2.5", param="temperature"),
    "ill-typed": InvalidRequest(
        "messages[0].content: must be a string, an array of parts, or null, got 5",
        param="messages[0].content",
    ),
    "unknown voice": InvalidRequest(
        "audio.voice: there is no voice 'violin' here; the voices are: alto, soprano, tenor, bass",
        param="audio.voice",
    ),
    "too long": InvalidRequest(
        "max_tokens: 4096 is more than the 4078 tokens that a prompt of 18 leaves of the context "
        "window of 4096",
        param="max_tokens",
    ),
    "unenforceable": InvalidRequest(
        'response_format.json_schema.schema.properties.a.not: the keyword "not" cannot be enforced',
        param="response_format.json_schema.schema.properties.a.not",
    ),
    "missing key": InvalidApiKey(
        "an API key is required: send the header 'Authorization: Bearer KEY'"
    ),
    "unknown key": InvalidApiKey("the API key is not known here"),
    "unknown model": ModelNotFound(
        f"model: there is no model 'qwen/unknown' here; the models are: {_MODEL}", param="model"
    ),
    "cut off": RequestTimeout("the body ends after 100 bytes; the rest did not come in 60 s"),
    "too large": RequestTooLarge("the body has more than 33554432 bytes"),
    "not JSON": UnsupportedMediaType(
        "Content-Type must be application/json, got text/plain", param="Content-Type"
    ),
    "failed": InternalError("palaver failed to answer; its log has the details"),
    "starting": ModelNotAvailable(f"the engine of model {_MODEL!r} is starting; try again"),
    "silent": AnswerTimeout(f"the engine of model {_MODEL!r} brought no token for 600 s"),
    "loading": ModelNotAvailable(f"model {_MODEL!r} is still loading; try again"),
}
"""Errors of chat completions, each as a real request gets it."""
