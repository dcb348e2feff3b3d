"""Bytes of server-sent events for tests."""

from __future__ import annotations

import json
from typing import Any

DONE = b"data: [DONE]\n\n"


def event(body: Any) -> bytes:
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def delta(finish_reason: str | None = None, **fields: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]})


def usage(prompt_tokens: int, completion_tokens: int, cached_tokens: int | None = None) -> bytes:
    body: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    if cached_tokens is not None:
        body["prompt_tokens_details"] = {"cached_tokens": cached_tokens}
    return event({"choices": [], "usage": body})


def answer(num_tokens: int = 3) -> list[bytes]:
    words = [delta(content=f" {i}") for i in range(num_tokens)]
    return [
        delta(role="assistant", content=""),
        *words,
        delta("length"),
        usage(7, num_tokens),
        DONE,
    ]
