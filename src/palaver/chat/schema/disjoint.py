"""Whether two schemas are disjoint, so that ``oneOf`` means the same as ``anyOf``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from palaver.chat.schema.values import are_equal, has_type

ALL_TYPES = ("null", "boolean", "number", "string", "array", "object")
Schema = dict[str, Any] | bool
_MAX_DEPTH = 12


class Disjointness:
    """Decides whether schemas in normal form are disjoint.

    Args:
        definitions: What ``#/$defs/…`` refers to.
    """

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def holds(self, one: Schema, other: Schema, depth: int = 0) -> bool:
        """Whether no value can match both; ``False`` if that is not certain."""
        if one is False or other is False:
            return True
        if one is True or other is True or depth > _MAX_DEPTH:
            return False
        for this, that in ((one, other), (other, one)):
            if any(self.holds(part, that, depth + 1) for part in self._conjuncts(this)):
                return True
            options = this.get("anyOf")
            if options and all(self.holds(option, that, depth + 1) for option in options):
                return True
            if (values := _values(this)) is not None:
                return all(self._excludes(that, value, depth) for value in values)
        return not _share_types(one, other) or self._objects_differ(one, other, depth)

    def _conjuncts(self, schema: dict[str, Any]) -> list[Schema]:
        """Schemas that every match of this one matches too."""
        parts: list[Schema] = list(schema.get("allOf", ()))
        if "$ref" in schema:
            parts.append(self._definitions.get(schema["$ref"].removeprefix("#/$defs/"), True))
        return parts

    def _excludes(self, schema: Schema, value: Any, depth: int) -> bool:
        """Whether a value certainly does not match."""
        if isinstance(schema, bool) or depth > _MAX_DEPTH:
            return schema is False
        if any(self._excludes(part, value, depth + 1) for part in self._conjuncts(schema)):
            return True
        options = schema.get("anyOf")
        if options and all(self._excludes(option, value, depth + 1) for option in options):
            return True
        values = _values(schema)
        is_listed = values is None or any(are_equal(value, known) for known in values)
        if not (is_listed and has_type(value, _types(schema))):
            return True
        return isinstance(value, dict) and (
            any(name not in value for name in schema.get("required", ()))
            or any(self._excludes(_property(schema, k), v, depth + 1) for k, v in value.items())
        )

    def _objects_differ(self, one: dict[str, Any], other: dict[str, Any], depth: int) -> bool:
        """Whether a property that one of them requires makes them disjoint."""
        if not (_types(one) == _types(other) == ("object",)):
            return False
        names = [*one.get("required", ()), *other.get("required", ())]
        return any(
            self.holds(_property(one, name), _property(other, name), depth + 1) for name in names
        )


def _values(schema: dict[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _types(schema: dict[str, Any]) -> tuple[str, ...]:
    types = schema.get("type", ALL_TYPES)
    return (types,) if isinstance(types, str) else tuple(types)


def _share_types(one: dict[str, Any], other: dict[str, Any]) -> bool:
    first, second = ({*_types(schema)} for schema in (one, other))
    for types in (first, second):
        if "number" in types:
            types.add("integer")
    return bool(first & second)


def _property(schema: dict[str, Any], name: str) -> Schema:
    """What the schema says about a property; ``True`` if that depends on a pattern."""
    if name in schema.get("properties", {}):
        found: Schema = schema["properties"][name]
        return found
    if schema.get("patternProperties"):
        return True
    additional: Schema = schema.get("additionalProperties", True)
    return additional
