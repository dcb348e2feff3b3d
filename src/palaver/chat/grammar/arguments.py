"""The grammar of a call's arguments, as one JSON object or one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from palaver.chat.families.description import Parameters
from palaver.chat.grammar.lark import ANY, Lark, escaped, without
from palaver.chat.grammar.strings import Unwritable, body, choices, optional
from palaver.chat.parser.value_types import as_json, types_of
from palaver.chat.schema import JSON_OBJECT
from palaver.chat.tools.tool import Tool
from palaver.errors import InvalidRequest

_KEY = r"/[A-Za-z0-9_.-]{1,64}/"


def refusal(tool: Tool, why: str) -> InvalidRequest:
    """The error for a strict schema that cannot be enforced."""
    return InvalidRequest(
        f"{tool.path}: cannot be enforced in this model's format of calls: {why}; "
        "without strict, it can be used",
        param=tool.path,
    )


def json_arguments(lark: Lark, tool: Tool) -> str:
    """An object that matches the tool's schema."""
    return lark.json(tool.enforced or JSON_OBJECT)


def parameters(lark: Lark, part: Parameters, tool: Tool) -> str:
    """Each argument on its own, in the order of the schema.

    Raises:
        InvalidRequest: The tool is strict, and the format cannot hold it to its schema.
    """
    schema = tool.enforced or JSON_OBJECT
    properties = schema.get("properties")
    if properties is None:
        if tool.is_strict and set(schema) - {"type", "x-guidance", "additionalProperties"}:
            raise refusal(tool, "it does not list its properties")
        if schema.get("additionalProperties") is False:
            return ""
        key = lark.lexeme(_KEY)
        one = f"{lark.written(part.opening)} {key} {lark.written(part.middle)}"
        return f"({one} {_bare(lark, part, '(?s:.*)')})*"
    required = schema.get("required", ())
    parts = []
    for key, value in properties.items():
        head = lark.written(part.opening + key + part.middle)
        one = lark.rule(f"{head} {_value(lark, part, tool, key, value)}")
        parts.append(one if key in required else f"{one}?")
    return " ".join(parts)


def _value(lark: Lark, part: Parameters, tool: Tool, key: str, schema: Any) -> str:
    """A value without quotes, and its closing text."""
    schema = _resolved(schema, tool.enforced or {})
    types = types_of({"properties": {key: schema}}, key)
    if "string" not in types:
        shared = {k: v for k, v in (tool.enforced or {}).items() if k in ("$defs", "x-guidance")}
        return f"{lark.json({**schema, **shared})} {lark.written(part.closing)}"
    try:
        fixed = choices(schema)
        if fixed is not None:
            texts = [v if isinstance(v, str) else json.dumps(v) for v in fixed]
            if any(json.loads(as_json(t, types)) != v for t, v in zip(texts, fixed, strict=True)):
                raise Unwritable("some of its values look like others without quotes")
            return "(" + " | ".join(lark.written(text + part.closing) for text in texts) + ")"
        return _bare(lark, part, body(schema))
    except Unwritable as reason:
        if tool.is_strict:
            raise refusal(tool, f"{key}: {reason}") from reason
        return _bare(lark, part, ANY)


def _resolved(schema: Any, root: Mapping[str, Any]) -> Any:
    while isinstance(schema, Mapping) and "$ref" in schema and len(schema) == 1:
        schema = root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {})
    return schema


def _bare(lark: Lark, part: Parameters, text: str) -> str:
    """A text without quotes, up to its closing mark, which it must not contain."""
    word = part.closing.split(maxsplit=1)[0]
    lead, _, rest = part.closing.partition(word)
    after = lark.written(rest) if rest else ""
    text += escaped(lead)
    if lark.is_marker(word):
        value = lark.lexeme(f"/{text}/{without([word])}") + optional(text)
        return f"{value} {lark.written(word)} {after}"
    once = f"& ~/{ANY}{escaped(word)}(?s:.+)/"
    whole = lark.lexeme(f"/{text}{escaped(word)}/ {once}")
    return f"{lark.rule(whole, options='[lazy]')} {after}"
