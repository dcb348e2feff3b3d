"""Tools, calls and results in plain text, for templates without tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from palaver.chat.families.dialect import Dialect
from palaver.chat.tools.history import for_template
from palaver.chat.tools.tool import Call, Tool
from palaver.chat.tools.writer import written

_HEAD = "You can call these functions, given as JSON:"
_HOW = "To call one, write its name and arguments in exactly this form, and nothing behind it:"
_EXAMPLE = Call("NAME", '{"KEY": "VALUE"}', "123456789")


def adapted(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], dialect: Dialect
) -> list[Mapping[str, Any]]:
    """The messages as a model's template takes them, with what it does not take in plain text."""
    if not dialect.takes_calls:
        return in_plain_text(messages, tools, dialect)
    shown = list(for_template(messages, dialect))
    if dialect.takes_tools or not tools:
        return shown
    return _with_description([dict(message) for message in shown], tools, dialect)


def in_plain_text(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], dialect: Dialect
) -> list[Mapping[str, Any]]:
    """The messages without calls and results, and with the tools described.

    Results become messages of the user; where one follows the other, they become one.
    """
    plain: list[dict[str, Any]] = []
    for message in messages:
        text = _plain(message, dialect)
        is_result = message["role"] == "tool"
        is_joined = bool(plain) and "tool_response" in plain[-1] and text["role"] == "user"
        if is_joined and isinstance(text["content"], str):
            plain[-1]["content"] += "\n" + text["content"]
        else:
            plain.append({**text, "tool_response": True} if is_result else text)
    for message in plain:
        message.pop("tool_response", None)
    return _with_description(plain, tools, dialect) if tools else list(plain)


def description(tools: Sequence[Tool], dialect: Dialect) -> str:
    """Instructions for calling the tools."""
    lines = (json.dumps(t.for_template()["function"], ensure_ascii=False) for t in tools)
    return "\n".join((_HEAD, *lines, "", _HOW, written(dialect.family.calls, [_EXAMPLE])))


def _plain(message: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    if message["role"] == "tool":
        return {"role": "user", "content": _result(message["content"])}
    plain = dict(message)
    calls = plain.pop("tool_calls", None)
    if calls:
        texts = (
            message.get("content") or "",
            written(dialect.family.calls, list(map(_call, calls))),
        )
        plain["content"] = "\n".join(filter(None, texts))
    return plain


def _result(content: str | list[Any]) -> str | list[Any]:
    head, end = "<tool_response>\n", "\n</tool_response>"
    if isinstance(content, str):
        return head + content + end
    return [{"type": "text", "text": head}, *content, {"type": "text", "text": end}]


def _call(call: Mapping[str, Any]) -> Call:
    function = call["function"]
    arguments = function["arguments"]
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return Call(function["name"], text, call.get("id", ""))


def _with_description(
    messages: list[dict[str, Any]], tools: Sequence[Tool], dialect: Dialect
) -> list[Mapping[str, Any]]:
    """The messages with the description in the system message, the first message or a new one."""
    role = "system" if dialect.takes_system else "user"
    text = description(tools, dialect)
    first = messages[0] if messages else None
    if first and first["role"] == role and isinstance(first["content"], str):
        joined = {**first, "content": f"{text}\n\n{first['content']}"}
        return [joined, *messages[1:]]
    return [{"role": role, "content": text}, *messages]
