"""Earlier calls and their results, in the form that a model's template takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import count
from typing import Any

from palaver.chat.families.dialect import Dialect

_SHORT_ID_LENGTH = 9


def for_template(
    messages: Sequence[Mapping[str, Any]], dialect: Dialect
) -> Iterator[Mapping[str, Any]]:
    """The messages with ids, arguments and thinking as the template takes them.

    Args:
        messages: As clients send them, the arguments of calls as JSON text or as objects.
        dialect: What the template takes.
    """
    ids = _Ids(dialect)
    for message in _one_by_one(messages) if dialect.family.calls.is_single else messages:
        changed = dict(message)
        if "reasoning_content" in message:
            changed[dialect.family.thinking_key] = message["reasoning_content"]
        if message.get("tool_calls"):
            changed["tool_calls"] = [_call(call, ids, dialect) for call in message["tool_calls"]]
        if message.get("tool_call_id") is not None:
            changed |= ids.of_result(message)
        yield changed


def _call(call: Mapping[str, Any], ids: _Ids, dialect: Dialect) -> dict[str, Any]:
    function = call["function"]
    arguments = function["arguments"]
    if dialect.takes_text:
        arguments = arguments if isinstance(arguments, str) else json.dumps(arguments)
    elif isinstance(arguments, str):
        arguments = _as_object(arguments)
    changed = dict(function) | {"arguments": arguments}
    new_id = ids.of_call(call.get("id", ""), function["name"])
    return {"id": new_id, "type": "function", "function": changed}


def _as_object(text: str) -> Any:
    """Arguments as an object; other text stays, for templates that take any text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) else text


def _one_by_one(messages: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The messages for templates with one call in a message, each followed by its result."""
    results = {m["tool_call_id"]: m for m in messages if m.get("tool_call_id")}
    shown: set[str] = set()
    for message in messages:
        calls = message.get("tool_calls") or []
        if message.get("tool_call_id") in shown:
            continue
        if len(calls) < 2:
            yield message
            continue
        for i, call in enumerate(calls):
            first = message if not i else {"role": message["role"], "content": ""}
            yield {**first, "tool_calls": [call]}
            if call.get("id") in results:
                shown.add(call["id"])
                yield results[call["id"]]


class _Ids:
    """New ids of calls, in the style that the family's templates take."""

    def __init__(self, dialect: Dialect) -> None:
        self._style = dialect.family.id_style
        self._counter = count()
        self._new: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def of_call(self, old: str, name: str) -> str:
        self._names[old] = name
        match self._style:
            case "counted":
                self._new[old] = f"functions.{name}:{next(self._counter)}"
            case "short" if not (len(old) == _SHORT_ID_LENGTH and old.isalnum()):
                self._new[old] = blake2b(old.encode()).hexdigest()[:_SHORT_ID_LENGTH]
            case _:
                self._new[old] = old
        return self._new[old]

    def of_result(self, message: Mapping[str, Any]) -> dict[str, str]:
        """The fields by which a result says which call it answers."""
        old = message["tool_call_id"]
        name = message.get("name") or self._names.get(old, "")
        return {"tool_call_id": self._new.get(old, old), "name": name}
