"""Strings without quotes: schemas in normal form as regular expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from palaver.chat.grammar.lark import ANY

_ANCHORED = re.compile(r"\^(\(\?:.*\))\$", re.DOTALL)
_LENGTHS = {"minLength", "maxLength"}


class Unwritable(Exception):
    """A schema cannot be enforced for text without quotes; the message says why."""


def choices(schema: Any) -> Sequence[Any] | None:
    """The only values that match, if the schema lists them."""
    if not isinstance(schema, Mapping):
        return None
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) else None


def body(schema: Any) -> str:
    """A regular expression for the texts of a schema that allows strings.

    Raises:
        Unwritable: A regular expression cannot enforce it.
    """
    if schema is True or schema == {} or _is_types_only(schema):
        return ANY
    if not isinstance(schema, Mapping) or schema.get("type") != "string":
        raise Unwritable("it mixes strings with other types")
    others = set(schema) - {"type", "pattern", *_LENGTHS}
    if others:
        raise Unwritable(f"{min(others)} of a string")
    if "pattern" not in schema:
        least, most = schema.get("minLength", 0), schema.get("maxLength", "")
        return f"(?s:.{{{least},{most}}})"
    match = _ANCHORED.fullmatch(schema["pattern"])
    if match is None or not _LENGTHS.isdisjoint(schema):
        raise Unwritable("pattern of a string")
    return match[1].replace("/", r"\/")


def optional(text: str) -> str:
    """``?``, which follows a terminal whose regular expression matches the empty string."""
    try:
        return "?" if re.fullmatch(text, "") else ""
    except re.error:
        return ""


def _is_types_only(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    if set(schema) == {"type"}:
        return True
    return set(schema) == {"anyOf"} and all(map(_is_types_only, schema["anyOf"]))
