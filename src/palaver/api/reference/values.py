"""JSON Schemas in words, for the reference pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

_NULL = {"type": "null"}


def values(schema: Schema) -> str:
    """The values that a schema allows: ``integer, 1 to 128``; a named schema by its name."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return ", ".join(json.dumps(value) for value in schema["enum"])
    if union := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(values(part) for part in union if part != _NULL)
    return _typed(schema)


def default(schema: Schema) -> str:
    """The default of a field, or ``""`` if it has none."""
    return "" if schema.get("default") is None else json.dumps(schema["default"])


def _typed(schema: Schema) -> str:
    match schema.get("type"):
        case "integer" | "number" as kind:
            limits = _limits(schema)
            return f"{kind}, {limits}" if limits else kind
        case "string":
            return _string(schema)
        case "array":
            return _array(schema)
        case "object" if isinstance(inner := schema.get("additionalProperties"), dict):
            return f"object of {values(inner)}"
        case str(kind):
            return kind
    return "anything"


def _limits(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    below = f"{low} ≤ " if low is not None else ""
    above = f" ≤ {high}" if high is not None else ""
    if "exclusiveMinimum" in schema:
        below = f"{schema['exclusiveMinimum']} < "
    if "exclusiveMaximum" in schema:
        above = f" < {schema['exclusiveMaximum']}"
    if below and not above:
        return f"{'≥' if low is not None else '>'} {below.split()[0]}"
    return f"{below}x{above}" if above else ""


def _string(schema: Schema) -> str:
    if "contentSchema" in schema:
        return values(schema["contentSchema"])
    if "pattern" in schema:
        return f"string like `{schema['pattern']}`"
    if schema.get("minLength"):
        return "non-empty string"
    return "string"


def _array(schema: Schema) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    of = f" of {values(schema['items'])}" if "items" in schema else ""
    limits = f" ({least} at least)" if least else f" ({most} at most)" if most else ""
    return f"array{of}{limits}"


def fields_table(schema: Schema) -> str:
    """The fields of an object as a Markdown table, as ``docs/reference/api.md`` shows them."""
    rows = ["| field | values | default | |", "|---|---|---|---|"]
    for name, field in schema["properties"].items():
        absent = "required" if name in schema.get("required", ()) else default(field)
        text = " ".join(field.get("description", "").split())
        rows.append(f"| `{name}` | {values(field)} | {absent} | {text} |".replace("|  |", "| |"))
    return "\n".join(rows)
