"""Templates in the format of each family, written for these tests, and turns that they can show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.families.description import Family
from palaver.chat.template import ChatTemplate

_TEMPLATES = Path(__file__).parent / "templates"
_SPECIAL = {"bos_token": "<|bos|>", "eos_token": "<|eos|>"}
_ENDS = (
    *("<|im_end|>\n", "<|im_end|>", "<|eot_id|>", "<|eos|>", "<｜end▁of▁sentence｜>"),
    *("<|call|>", "<|return|>", "<end_of_turn>\n", "<turn|>\n", "<|end|>"),
)
USER = {"role": "user", "content": "Go."}


@dataclass(frozen=True)
class Capabilities:
    """The parts that an assistant's turn of a family may have."""

    has_text_before_calls: bool = True
    most_calls: int = 3


_LIMITS = {
    "llama": Capabilities(has_text_before_calls=False),
    "mistral-list": Capabilities(has_text_before_calls=False),
    "harmony": Capabilities(most_calls=1),
}


def capabilities(family: Family) -> Capabilities:
    return _LIMITS.get(family.name, Capabilities())


@cache
def template(name: str) -> ChatTemplate:
    return ChatTemplate(template_source(name), _SPECIAL)


@cache
def template_source(name: str) -> str:
    return (_TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


def call_message(calls: list[tuple[str, dict[str, Any]]], id_style: str) -> list[dict[str, Any]]:
    """Calls as templates read them."""
    return [
        {
            "id": _call_id(id_style, name, i),
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for i, (name, arguments) in enumerate(calls)
    ]


def _call_id(id_style: str, name: str, index: int) -> str:
    if id_style == "counted":
        return f"functions.{name}:{index}"
    return f"call{index:05}"


def assistant(
    family: Family,
    content: str = "",
    reasoning: str = "",
    calls: list[tuple[str, dict[str, Any]]] | None = None,
) -> dict[str, Any]:
    """An assistant's message as the family's templates read it."""
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if reasoning:
        message[family.thinking_key] = reasoning
    if calls:
        message["tool_calls"] = call_message(calls, family.id_style)
    return message


def written_turn(family: Family, message: Mapping[str, Any]) -> tuple[str, str]:
    """The prompt before a message, and the message's text, up to the token that ends it."""
    chat = template(family.name)
    thinks = family.thinking_key in message
    prompt = chat.render([USER], enable_thinking=thinks)
    whole = chat.render([USER, message], add_generation_prompt=False)
    assert whole.startswith(prompt), (prompt, whole)
    text = whole.removeprefix(prompt)
    end = next((end for end in _ENDS if text.endswith(end)), "")
    return prompt, text.removesuffix(end)


def same_json(text: str, value: Any) -> bool:
    return bool(json.loads(text) == value)


FAMILY_NAMES = sorted(FAMILIES)
TOOL_FAMILIES = [name for name in FAMILY_NAMES if FAMILIES[name].knows_tools]
THINKERS = [name for name in TOOL_FAMILIES if FAMILIES[name].thinking]
