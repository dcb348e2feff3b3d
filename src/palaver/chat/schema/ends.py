"""Whether an answer can come to an end: infinite recursion is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from palaver.chat.schema.disjoint import Schema

_PREFIX = "#/$defs/"


def endless(definitions: Mapping[str, Schema]) -> str | None:
    """A definition that nothing finite matches, if there is one."""
    ending: set[str] = set()
    growing = True
    while growing:
        new = {
            name
            for name, schema in definitions.items()
            if name not in ending and _ends(schema, ending)
        }
        ending |= new
        growing = bool(new)
    return next((name for name in definitions if name not in ending), None)


def circular(definitions: Mapping[str, Schema]) -> str | None:
    """A definition that refers to itself for the very same value, if there is one."""
    done: set[str] = set()

    def returns(name: str, path: frozenset[str]) -> bool:
        if name in path:
            return True
        if name in done:
            return False
        targets = set(_same_value(definitions[name]))
        found = any(returns(target, path | {name}) for target in targets)
        done.add(name)
        return found

    return next((name for name in definitions if returns(name, frozenset())), None)


def reachable(root: Schema, definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    """Those definitions that a schema refers to, directly or not."""
    found: dict[str, Schema] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += _references(definitions[name])
    return {name: found[name] for name in definitions if name in found}


def _ends(schema: Schema, ending: set[str]) -> bool:
    """Whether something finite can match if those definitions end; what is false is no matter."""
    if isinstance(schema, bool) or "const" in schema or "enum" in schema:
        return True
    if "$ref" in schema and schema["$ref"].removeprefix(_PREFIX) not in ending:
        return False
    if "anyOf" in schema and not any(_ends(part, ending) for part in schema["anyOf"]):
        return False
    parts = [*schema.get("allOf", ())]
    if schema.get("type") == "object":
        parts += _required_properties(schema)
    elif schema.get("type") == "array":
        parts += _required_items(schema)
    return all(_ends(part, ending) for part in parts)


def _required_properties(schema: dict[str, Any]) -> Iterator[Schema]:
    additional = (
        True if schema.get("patternProperties") else schema.get("additionalProperties", True)
    )
    required = schema.get("required", ())
    for name in required:
        yield schema.get("properties", {}).get(name, additional)
    if schema.get("minProperties", 0) > len(required) and "properties" not in schema:
        yield additional


def _required_items(schema: dict[str, Any]) -> Iterator[Schema]:
    prefix = schema.get("prefixItems", [])
    least = schema.get("minItems", 0)
    yield from prefix[:least]
    if least > len(prefix):
        yield schema.get("items", True)


def _same_value(schema: Schema) -> Iterator[str]:
    """References that are about the value itself, not about a part of it."""
    if isinstance(schema, bool):
        return
    if "$ref" in schema:
        yield schema["$ref"].removeprefix(_PREFIX)
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        yield from _same_value(part)


def _references(schema: Schema) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if "$ref" in schema:
        yield schema["$ref"].removeprefix(_PREFIX)
    for keyword in ("allOf", "anyOf", "prefixItems"):
        for part in schema.get(keyword, ()):
            yield from _references(part)
    for keyword in ("properties", "patternProperties"):
        for part in schema.get(keyword, {}).values():
            yield from _references(part)
    for keyword in ("items", "additionalProperties"):
        yield from _references(schema.get(keyword, True))
