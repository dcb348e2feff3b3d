"""Writes calls in a family's format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from palaver.chat.families.description import (
    ArgumentsPart,
    CallFormat,
    CallId,
    End,
    Index,
    JsonArguments,
    JsonCall,
    Literal,
    Name,
    Parameters,
    Part,
    QuotedObject,
)
from palaver.chat.tools.tool import Call


def written(call_format: CallFormat, calls: Sequence[Call]) -> str:
    """The calls as a model would write them.

    Args:
        call_format: The family's format of calls.
        calls: At least one; arguments that are no JSON object stay as they are.
    """
    texts = (
        "".join(_text(part, call, index) for part in call_format.canonical)
        for index, call in enumerate(calls)
    )
    return call_format.begin + call_format.separator.join(texts) + call_format.end


def _text(part: Part, call: Call, index: int) -> str:
    match part:
        case Literal() | End():
            return part.text
        case Name():
            return call.name
        case CallId():
            return call.id
        case Index():
            return str(index)
    return _arguments(part, call)


def _arguments(part: ArgumentsPart, call: Call) -> str:
    match part:
        case JsonArguments():
            return call.arguments
        case JsonCall():
            return f"{part.opening}{call.name}{part.middle}{call.arguments}}}"
        case Parameters():
            return _parameters(part, json.loads(call.arguments))
        case QuotedObject():
            return _quoted(json.loads(call.arguments), part.quote)


def _parameters(part: Parameters, arguments: dict[str, Any]) -> str:
    texts = (
        part.opening + key + part.middle + _bare(value) + part.closing
        for key, value in arguments.items()
    )
    return "".join(texts)


def _bare(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _quoted(value: Any, quote: str) -> str:
    match value:
        case str():
            return quote + value + quote
        case dict():
            members = (f"{key}:{_quoted(item, quote)}" for key, item in value.items())
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(_quoted(item, quote) for item in value) + "]"
    return json.dumps(value)
