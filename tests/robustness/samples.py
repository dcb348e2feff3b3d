"""Parts of mutated requests: valid bodies, extreme values, names, headers, paths."""

from __future__ import annotations

from typing import Any

from palaver.api.reference.examples import QUESTIONS
from palaver.api.wire.message import ChatMessage
from palaver.api.wire.request import ChatCompletionRequest
from tests.server import KEY, chat

_WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"enum": ["C", "F"]},
    },
    "required": ["city"],
    "additionalProperties": False,
}
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather.",
        "parameters": _WEATHER,
        "strict": True,
    },
}
_CONVERSATION = [
    {"role": "system", "content": "Answer briefly."},
    {
        "role": "user",
        "content": [{"type": "text", "text": "Wie ist"}, {"type": "text", "text": "…"}],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "weather", "arguments": '{"city": "Bonn"}'},
            }
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": '{"sky": "blue"}'},
    {"role": "assistant", "content": "Blue.", "reasoning_content": "Easy.", "name": "sky"},
    {"role": "user", "content": "红色的呢？", "name": "anna"},
]
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNg+M8AAAIC"
    "AQB7CYF4AAAAAElFTkSuQmCC"
)

_IMAGE = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": _PIXEL, "detail": "low"}},
    {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
]

BODIES: tuple[dict[str, Any], ...] = (
    *(example["value"] | {"max_tokens": 2} for example in QUESTIONS.values()),
    chat(max_tokens=2, messages=_CONVERSATION),
    chat(max_tokens=2, messages=[{"role": "user", "content": _IMAGE}]),
    chat(max_tokens=2, tools=[_TOOL], tool_choice="auto", parallel_tool_calls=True),
    chat(
        max_tokens=8,
        tools=[_TOOL],
        tool_choice={"type": "function", "function": {"name": "weather"}},
    ),
    chat(max_tokens=8, response_format={"type": "json_object"}),
    chat(
        max_tokens=8,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "weather", "schema": _WEATHER, "strict": True},
        },
    ),
    chat(max_tokens=2, modalities=["text", "audio"], audio={"voice": "alto", "format": "wav"}),
    chat(
        max_tokens=3,
        max_completion_tokens=3,
        context_length_exceeded_behavior="truncate",
        temperature=1.3,
        top_p=0.9,
        top_k=40,
        min_p=0.05,
        presence_penalty=0.5,
        frequency_penalty=-0.5,
        repetition_penalty=1.1,
        logit_bias={"5": -100, "300": 2.5},
        seed=7,
        n=2,
        stop=["the", "\n"],
        logprobs=True,
        top_logprobs=3,
        stream=True,
        stream_options={"include_usage": True},
        enable_thinking=True,
        separate_reasoning=True,
        user="anna",
        metadata={"trace": "1"},
        reasoning_effort="none",
        verbosity="medium",
        service_tier="auto",
        store=False,
    ),
)
"""Valid requests, or requests that a later version will support."""

VALID: dict[str, tuple[Any, ...]] = {
    "temperature": (0, 0.01, 1, 2),
    "top_p": (1e-9, 0.5, 1),
    "top_k": (-1, 0, 1, 128),
    "min_p": (0, 0.3, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "repetition_penalty": (1e-9, 0.5, 2),
    "logit_bias": ({}, {"0": -100}, {"5": 100, "6": 100}, {str(i): -100 for i in range(4000)}),
    "seed": (0, -1, 2**64 - 1),
    "n": (1, 2, 5),
    "stop": ("a", " ", ["\n", "e", "的", "."], []),
    "stream": (True, False),
    "logprobs": (True, False),
    "top_logprobs": (0, 1, 20),
    "enable_thinking": (True, False),
    "separate_reasoning": (True, False),
    "max_tokens": (1, 8, 10**9),
}
"""Values that are accepted, the first and the last of their ranges among them."""

EXTREMES: tuple[Any, ...] = (
    *(None, True, False, [], {}, "", "x"),
    *(0, 1, -1, 2, 128, 129, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**30, -(10**30)),
    *(0.0, -0.0, 0.5, 1.0, 2.0, 2.0000001, -2.5, 5e-324, 1e308, 1e-7),
    *(float("nan"), float("inf"), float("-inf")),
    *("\0", "\x7f", "😀" * 9, "\ud800", "\udc00x", "\u202e", "𝕏", "a" * 20_000, "\n\r\t", "%s{}"),
    *("<|im_start|>system", "<think>", "</think>", "<tool_call>", "../../etc/passwd", "null"),
    *([None], [[]], [{}], [1, "a", None], ["a"] * 5, [""], ["\0"], {"": ""}, {"a": {"b": None}}),
    *({"type": None}, {"type": "text"}, {"url": None}, {"$ref": "#"}, {"0": 1e300}, {"-1": 0}),
)
NAMES: tuple[str, ...] = (
    *ChatCompletionRequest.model_fields,
    *ChatMessage.model_fields,
    *("frobnicate", "", "\0", "é", "a" * 3000, "x.y", "__class__", "constructor", "\n", "$ref"),
)
TAGS: tuple[Any, ...] = (
    *("text", "image_url", "video_url", "input_audio", "function", "json_schema", "json_object"),
    *("system", "developer", "user", "assistant", "tool", "bot", "palaver/tiny", "", None, 5, []),
)
HEADERS: tuple[tuple[str, str], ...] = (
    *(("Content-Type", value) for value in ("", "text/plain", "application/jsonx", "*/*")),
    ("Content-Type", "application/json; charset=utf-16"),
    ("Content-Type", "APPLICATION/JSON;;"),
    ("Content-Type", "multipart/form-data; boundary=x"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    *(("Content-Encoding", value) for value in ("gzip", "br", "identity", "nonsense")),
    *(("Authorization", value) for value in ("", "Bearer", "Basic eDp5", "Bearer x y")),
    ("Authorization", f"bearer   {KEY}"),
    ("Authorization", f"Bearer {KEY}x"),
    ("Authorization", "Bearer " + "x" * 8000),
    ("Expect", "100-continue"),
    ("Expect", "nonsense"),
    ("Accept", "image/png"),
    ("Accept-Encoding", "gzip, br, nonsense;q=7"),
    ("Connection", "close"),
    ("Host", "elsewhere.example"),
    ("X-Forwarded-Host", "elsewhere.example"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("Cookie", "a=" + "b" * 8000),
    ("Range", "bytes=0-0"),
    ("If-None-Match", "*"),
)
PATHS: tuple[str, ...] = (
    *(
        "/",
        "/v1",
        "/v1/",
        "/v1/chat",
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/V1/models",
    ),
    *("/v1/models", "/v1/models/", "/v1/models/palaver/tiny", "/v1/models/palaver%2Ftiny"),
    *("/v1/models/%00", "/v1/models/%ff%fe", "/v1/models/" + "a" * 8000, "/v1/models/..%2f..%2fx"),
    *("/openai/v1/chat/completions", "/v3/openai/chat/completions", "/openai/chat/completions"),
    *("/health", "/ready", "/metrics", "/docs", "/openapi.json", "/debug/engines", "/favicon.ico"),
    *(
        "/v1/chat/completions?stream=true",
        "/v1/chat/completions?%00=%ff",
        "/health?" + "a=b&" * 999,
    ),
    *(
        "/v1/completions",
        "/v1/embeddings",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/%",
        "/v1/chat%0acompletions",
    ),
)
