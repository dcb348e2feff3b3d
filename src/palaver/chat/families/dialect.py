"""Finds a model's family, and what its template takes, by rendering test conversations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from palaver.chat.families.catalogue import FAMILIES, HERMES, JSON
from palaver.chat.families.description import Family
from palaver.chat.parser.answer import AnswerParser
from palaver.chat.parser.events import collected
from palaver.chat.template import ChatTemplate
from palaver.chat.tools.tool import Tool
from palaver.errors import InvalidRequest

_ARGUMENTS = {"city": "Rome", "days": 2}
_TOOL = Tool(
    "find_weather",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
    "The weather of a city.",
)
_USER = {"role": "user", "content": "Hello."}
_SYSTEM = {"role": "system", "content": "Be brief and kind."}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one model writes, and what its template takes.

    Attributes:
        family: The model's family.
        takes_calls: Whether its template shows calls and their results; otherwise the
            prompt has them as plain text.
        takes_tools: Whether its template shows tools; otherwise they are described in plain text.
        takes_text: Whether its template wants the arguments of calls as JSON text, not as objects.
        takes_system: Whether its template shows a system message.
    """

    family: Family = HERMES
    takes_calls: bool = True
    takes_tools: bool = True
    takes_text: bool = False
    takes_system: bool = True


def find_dialect(
    template: ChatTemplate, has_token: Callable[[str], bool], family: str | None = None
) -> Dialect:
    """The dialect of a model.

    A family is recognised by its signs in template or vocabulary, and confirmed if the template
    renders a call that the family's parser parses.

    Args:
        template: The model's template.
        has_token: Whether the model's vocabulary has a token of that name.
        family: The family's name, if it is known; otherwise it is found.
    """
    takes_system = _shows_system(template)
    candidates = [FAMILIES[family]] if family else list(_candidates(template, has_token))
    shows_tools = _shows_tools(template)
    for candidate in candidates:
        for takes_text in (False, True):
            if candidate.knows_tools and _is_parsed(template, candidate, takes_text):
                return Dialect(candidate, True, shows_tools, takes_text, takes_system)
    if family and shows_tools and FAMILIES[family].knows_tools:
        return Dialect(FAMILIES[family], takes_system=takes_system)
    plain = _plain(template, has_token, candidates)
    return Dialect(plain, False, False, False, takes_system)


def _candidates(template: ChatTemplate, has_token: Callable[[str], bool]) -> Iterator[Family]:
    """The families whose signs the template or vocabulary has."""
    for family in FAMILIES.values():
        found = (any(_has(template, has_token, s) for s in group) for group in family.signs)
        if family.signs and all(found):
            yield family


def _has(template: ChatTemplate, has_token: Callable[[str], bool], text: str) -> bool:
    return text in template.source or has_token(text)


def _plain(
    template: ChatTemplate, has_token: Callable[[str], bool], candidates: Sequence[Family]
) -> Family:
    """The family for tools in plain text, with the model's own thinking format."""
    model = next((c for c in candidates if c.thinking), None)
    for family in FAMILIES.values():
        thinking = family.thinking
        if model is None and thinking and _has(template, has_token, thinking.opening.strip()):
            model = family
    if model is None:
        return JSON
    return replace(
        JSON, thinking=model.thinking, answer=model.answer, thinking_key=model.thinking_key
    )


def _is_parsed(template: ChatTemplate, family: Family, takes_text: bool) -> bool:
    """Whether the family's parser understands a call that the template renders."""
    arguments: Any = json.dumps(_ARGUMENTS) if takes_text else _ARGUMENTS
    function = {"name": _TOOL.name, "arguments": arguments}
    call_id = f"functions.{_TOOL.name}:0" if family.id_style == "counted" else "abcdefgh1"
    calls = [{"id": call_id, "type": "function", "function": function}]
    message = {"role": "assistant", "content": "", "tool_calls": calls}
    result = {"role": "tool", "tool_call_id": call_id, "name": _TOOL.name, "content": "Sun."}
    text = _rendered(template, [_USER, message, result])
    if text is None:
        return False
    parser = AnswerParser(family, tools=[_TOOL])
    answer = collected([*parser.feed(text), *parser.flush()])
    try:
        return [json.loads(call.arguments) for call in answer.calls] == [_ARGUMENTS]
    except ValueError:
        return False


def _shows_tools(template: ChatTemplate) -> bool:
    shown = _rendered(template, [_USER], [_TOOL.for_template()])
    return shown is not None and _TOOL.name in shown


def _shows_system(template: ChatTemplate) -> bool:
    return _SYSTEM["content"] in (_rendered(template, [_SYSTEM, _USER]) or "")


def _rendered(
    template: ChatTemplate,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]] | None = None,
) -> str | None:
    try:
        return template.render(messages, tools=tools)
    except InvalidRequest:
        return None
