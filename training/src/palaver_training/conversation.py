"""Samples as requests to a chat-completions server, and its answers as messages of a sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from palaver_training.multimodal.files import content_part
from palaver_training.multimodal.media import Media
from palaver_training.multimodal.sample import MediaSample
from palaver_training.sample import Message

_MEDIA_PARTS = ("image", "video", "audio")


def request_body(media_sample: MediaSample, model: str, max_tokens: int) -> dict[str, Any]:
    """The request for the last answer of a sample, greedily.

    Args:
        media_sample: The conversation; its media travel in the request.
        model: Whose answer is wanted.
        max_tokens: Length of the answer at most.
    """
    sample = media_sample.sample
    media = iter(media_sample.media)
    body = {
        "model": model,
        "messages": [_message(message, media) for message in sample.prompt],
        "max_tokens": max_tokens,
        "temperature": 0,
        "enable_thinking": sample.thinking,
        "separate_reasoning": True,
    }
    return body | ({"tools": list(sample.tools)} if sample.tools else {})


def answer_of(completion: dict[str, Any]) -> Message:
    """The assistant's message in a response, its tool calls' arguments as a dict.

    Arguments that are no whole JSON (the answer was cut short) become ``None``, which is wrong for
    every sample.
    """
    given = completion["choices"][0]["message"]
    message: Message = {"role": "assistant", "content": given.get("content") or ""}
    if given.get("reasoning_content"):
        message["reasoning_content"] = given["reasoning_content"]
    if given.get("tool_calls"):
        message["tool_calls"] = [_parsed_call(call) for call in given["tool_calls"]]
    return message


def _message(message: Message, media: Iterator[Media]) -> Message:
    content = message.get("content")
    if isinstance(content, list):
        parts = [content_part(next(media)) if p["type"] in _MEDIA_PARTS else p for p in content]
        message = message | {"content": parts}
    if calls := message.get("tool_calls"):
        message = message | {"tool_calls": [_written_call(call) for call in calls]}
    return message


def _written_call(call: dict[str, Any]) -> dict[str, Any]:
    """A call as the API takes it, its arguments as JSON text."""
    function = call["function"]
    arguments = json.dumps(function["arguments"], ensure_ascii=False)
    return {
        "id": call["id"],
        "type": "function",
        "function": {"name": function["name"], "arguments": arguments},
    }


def _parsed_call(call: dict[str, Any]) -> dict[str, Any]:
    try:
        arguments = json.loads(call["function"]["arguments"])
    except ValueError:
        arguments = None
    return {
        "type": "function",
        "function": {"name": call["function"]["name"], "arguments": arguments},
    }
