"""Values that a schema spells out, in ``const`` and ``enum`` and as names of properties."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from palaver.chat.schema.numbers import is_writable, number_of
from palaver.chat.schema.place import Place, shown

_UNWRITABLE = re.compile("[\x00-\x07\x0b\x0e-\x1f\x7f\ud800-\udfff]")


MAX_TEXT_CHARS = 10_000
"""Following a longer text would take so long that it delays the tokens of other answers."""


def check_string(text: str, place: Place) -> None:
    """Refuse a text that cannot be produced.

    Raises:
        InvalidRequest: It is too long, or has characters that cannot be produced.
    """
    if len(text) > MAX_TEXT_CHARS:
        place.refuse(f"has {len(text)} characters; {MAX_TEXT_CHARS} are the limit")
    if match := _UNWRITABLE.search(text):
        place.refuse(f"the character U+{ord(match[0]):04X} cannot be produced")


def check_value(value: Any, place: Place, max_depth: int) -> int:
    """The number of arrays, objects and their members in a value that can be produced.

    Raises:
        InvalidRequest: A part of it cannot be produced.
    """
    if max_depth < 0:
        place.refuse("is nested too deep")
    if isinstance(value, str):
        check_string(value, place)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and not is_writable(number_of(value, place)):
        place.refuse(f"{shown(value)} has too many digits to be produced exactly")
    num_parts = 0
    for step, part in _parts(value):
        if isinstance(step, str):
            check_string(step, place / step)
        num_parts += 1 + check_value(part, place / step, max_depth - 1)
    return num_parts


def type_of(value: Any) -> str:
    """The type that JSON Schema gives a value; a whole number is an ``integer``."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
    return "integer" if value == int(value) else "number"


def has_type(value: Any, types: tuple[str, ...]) -> bool:
    """Whether a value is of one of the types."""
    kind = type_of(value)
    return kind in types or (kind == "integer" and "number" in types)


def are_equal(one: Any, other: Any) -> bool:
    """Whether two values are equal in JSON Schema."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(are_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(are_equal(one[key], other[key]) for key in one)
    return bool(one == other)


def _parts(value: Any) -> Iterator[tuple[int | str, Any]]:
    if isinstance(value, list):
        yield from enumerate(value)
    elif isinstance(value, dict):
        yield from value.items()
