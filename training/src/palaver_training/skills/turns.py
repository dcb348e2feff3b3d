"""Messages of a conversation, and how often a sample thinks or speaks Chinese."""

from __future__ import annotations

from random import Random
from typing import Any, Literal, TypeAlias

from palaver_training.sample import Message

Language: TypeAlias = Literal["en", "zh"]

_THINKING_SHARE = 0.1
_CHINESE_SHARE = 0.3


def user(text: str) -> Message:
    """A user's message."""
    return {"role": "user", "content": text}


def system(text: str) -> Message:
    """A system prompt."""
    return {"role": "system", "content": text}


def assistant(text: str) -> Message:
    """An assistant's answer in words."""
    return {"role": "assistant", "content": text}


def calling(calls: list[tuple[str, dict[str, Any]]], first_id: int) -> Message:
    """An assistant's message that calls tools, with ids counted from ``first_id``."""
    return {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for number, (name, arguments) in enumerate(calls, first_id)
        ],
    }


def tool_result(text: str, call_id: int) -> Message:
    """What a tool returned for the call with that number."""
    return {"role": "tool", "tool_call_id": f"call_{call_id}", "content": text}


def with_thought(messages: list[Message], thought: str) -> tuple[Message, ...]:
    """The conversation, its last message preceded by ``thought``."""
    return (*messages[:-1], {**messages[-1], "reasoning_content": thought})


def choose_language(rng: Random) -> Language:
    """English, or Chinese in about a third of the samples."""
    return "zh" if rng.random() < _CHINESE_SHARE else "en"


def choose_thinking(rng: Random) -> bool:
    """True for about one sample in ten."""
    return rng.random() < _THINKING_SHARE
