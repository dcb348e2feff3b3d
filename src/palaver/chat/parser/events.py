"""The events that a parser finds in an answer's text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from palaver.chat.tools.tool import Call


@dataclass(frozen=True, slots=True)
class Reasoning:
    """More of the thinking, without tags."""

    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """More of the answer itself."""

    text: str


@dataclass(frozen=True, slots=True)
class CallBegin:
    """A call has begun: its function is known, its arguments follow."""

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CallArguments:
    """More of a call's arguments, JSON text."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class CallEnd:
    """A call's arguments are complete. An incomplete call has no end."""

    index: int


Event: TypeAlias = Reasoning | Content | CallBegin | CallArguments | CallEnd


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """A whole parsed answer.

    Attributes:
        content: The answer itself.
        reasoning: The thinking.
        calls: The calls in their order, the last one possibly incomplete.
    """

    content: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = ()


def merged(events: Iterable[Event]) -> list[Event]:
    """The same events, with adjacent ones of one kind joined."""
    result: list[Event] = []
    for event in events:
        match (result[-1] if result else None), event:
            case Content(before), Content(text):
                result[-1] = Content(before + text)
            case Reasoning(before), Reasoning(text):
                result[-1] = Reasoning(before + text)
            case CallArguments(index, before), CallArguments(same, text) if index == same:
                result[-1] = CallArguments(index, before + text)
            case _:
                result.append(event)
    return result


def collected(events: Iterable[Event]) -> ParsedAnswer:
    """The answer that the events describe."""
    content, reasoning = "", ""
    calls: dict[int, Call] = {}
    for event in events:
        match event:
            case Content(text):
                content += text
            case Reasoning(text):
                reasoning += text
            case CallBegin(index, call_id, name):
                calls[index] = Call(name, "", call_id)
            case CallArguments(index, text):
                call = calls[index]
                calls[index] = Call(call.name, call.arguments + text, call.id)
    return ParsedAnswer(content, reasoning, tuple(calls.values()))
