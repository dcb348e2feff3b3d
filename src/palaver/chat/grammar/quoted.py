"""The grammar of arguments as an object with bare keys and strings between marks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from palaver.chat.families.description import QuotedObject
from palaver.chat.grammar.arguments import refusal
from palaver.chat.grammar.lark import ANY, NOTHING, Lark, escaped, without
from palaver.chat.grammar.strings import Unwritable, body, choices, optional
from palaver.chat.schema import JSON_OBJECT
from palaver.chat.tools.tool import Tool

_KEY = re.compile(r"[A-Za-z0-9_.$-]+")
_SCALARS = ("integer", "number", "boolean", "null")
_HANDLED = {"type", "properties", "required", "additionalProperties", "items"}
_HANDLED_ITEMS = {"type", "items", "minItems", "maxItems"}


def quoted_object(lark: Lark, part: QuotedObject, tool: Tool) -> str:
    """An object that matches the tool's schema.

    Raises:
        InvalidRequest: The tool is strict, and the format cannot hold it to its schema.
    """
    schema = dict(tool.enforced or JSON_OBJECT)
    definitions = schema.pop("$defs", {})
    layout = schema.pop("x-guidance", {})
    try:
        return _Values(lark, part.quote, definitions, layout).of(schema)
    except Unwritable as reason:
        if tool.is_strict:
            raise refusal(tool, str(reason)) from reason
        return _Values(lark, part.quote, {}, layout).any_object


class _Values:
    """Rules for values of schemas in normal form."""

    def __init__(
        self, lark: Lark, quote: str, definitions: Mapping[str, Any], layout: Mapping[str, Any]
    ) -> None:
        self._lark = lark
        self._quote = quote
        self._definitions = definitions
        self._layout = layout
        self._references: dict[str, str] = {}
        self._any = lark.reserve()
        self.any_object = lark.reserve()
        self._string = self._quoted(ANY)
        self._add_any()

    def of(self, schema: Any) -> str:
        """The expression of a value."""
        if schema is True or schema == {}:
            return self._any
        if not isinstance(schema, Mapping):
            raise Unwritable("something that nothing matches")
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        fixed = choices(schema)
        if fixed is not None:
            return "(" + " | ".join(self._lark.written(self._written(v)) for v in fixed) + ")"
        if set(schema) == {"anyOf"}:
            return "(" + " | ".join(map(self.of, schema["anyOf"])) + ")"
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return "(" + " | ".join(self.of({**schema, "type": kind}) for kind in kinds) + ")"
        return self._typed(schema, kinds)

    def _typed(self, schema: Mapping[str, Any], kind: Any) -> str:
        if kind in _SCALARS:
            return self._lark.json({**schema, "x-guidance": self._layout})
        if kind == "string":
            return self._quoted(body(schema))
        if kind == "array" and set(schema) <= _HANDLED_ITEMS:
            return self._array(schema)
        if kind == "object" and set(schema) <= _HANDLED:
            return self._object(schema)
        raise Unwritable(f"{', '.join(sorted(set(schema) - {'type'})) or 'what it asks for'}")

    def _reference(self, reference: str) -> str:
        if reference not in self._references:
            name = self._references[reference] = self._lark.reserve()
            target = self._definitions.get(reference.rpartition("/")[2], {})
            self._lark.rule(self.of(target), name=name)
        return self._references[reference]

    def _array(self, schema: Mapping[str, Any]) -> str:
        item = self._lark.rule(self.of(schema.get("items", {})))
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        if most == 0:
            return '"[]"'
        more = "" if most is None else str(most - 1)
        others = f'("," {item}){{{max(least - 1, 0)},{more}}}' if most != 1 else ""
        items = f"{item} {others}"
        return f'"[" {items} "]"' if least else f'"[" ({items})? "]"'

    def _object(self, schema: Mapping[str, Any]) -> str:
        properties = schema.get("properties")
        extra = schema.get("additionalProperties", True)
        if properties is None and extra is not False:
            return self.any_object if extra in (True, {}) else self._pairs(self.of(extra))
        members = list((properties or {}).items())
        if any(not _KEY.fullmatch(key) for key, _ in members):
            raise Unwritable("a name of other characters than letters, digits, _, ., $ and -")
        first = self._members(members, frozenset(schema.get("required", ())), is_first=True)
        return f'"{{" {first} "}}"'

    def _members(
        self, members: list[tuple[str, Any]], required: frozenset[str], *, is_first: bool
    ) -> str:
        """These members and no others, in order, with commas between those that are present."""
        after = {True: "", False: ""}
        for key, schema in reversed(members):
            value = self._lark.rule(f'"{key}:" {self.of(schema)}')
            rest = after[False]
            for is_start in (True, False):
                taken = f"{value} {rest}" if is_start else f'"," {value} {rest}'
                without_it = after[is_start] or NOTHING
                either = taken if key in required else f"({taken} | {without_it})"
                after[is_start] = self._lark.rule(either)
        return after[is_first]

    def _pairs(self, value: str) -> str:
        key = self._lark.lexeme(f"/{_KEY.pattern}/")
        pair = self._lark.rule(f'{key} ":" {value}')
        return f'"{{" ({pair} ("," {pair})*)? "}}"'

    def _add_any(self) -> None:
        scalar = self._lark.json({"type": list(_SCALARS), "x-guidance": self._layout})
        array = f'"[" ({self._any} ("," {self._any})*)? "]"'
        self._lark.rule(self._pairs(self._any), name=self.any_object)
        choice = f"{self._string} | {scalar} | {array} | {self.any_object}"
        self._lark.rule(choice, name=self._any)

    def _quoted(self, text: str) -> str:
        quote = self._lark.written(self._quote)
        if self._lark.is_marker(self._quote):
            value = self._lark.lexeme(f"/{text}/{without([self._quote])}") + optional(text)
            return f"{quote} {value} {quote}"
        mark = escaped(self._quote)
        whole = self._lark.lexeme(f"/{text}{mark}/ & ~/{ANY}{mark}(?s:.+)/")
        return f"{quote} {self._lark.rule(whole, options='[lazy]')}"

    def _written(self, value: Any) -> str:
        match value:
            case str():
                return self._quote + value + self._quote
            case dict() | list():
                raise Unwritable("an object or array among its enum or const")
        return json.dumps(value)
