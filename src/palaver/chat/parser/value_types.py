"""Types of arguments that are written without quotes, by the tool's schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from palaver.chat.parser.json_text import escaped

_ALL = frozenset({"string", "number", "integer", "boolean", "null", "object", "array"})
_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),  # before integer, since a bool is an int in Python
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)
_MAX_DEPTH = 16


def types_of(parameters: Mapping[str, Any], key: str) -> frozenset[str]:
    """The JSON types that an argument may have; all of them where the schema does not say."""
    properties = parameters.get("properties")
    schema = properties.get(key) if isinstance(properties, Mapping) else None
    return _types(schema, parameters, _MAX_DEPTH)


def as_json(text: str, types: frozenset[str]) -> str:
    """An argument's bare text as JSON: a string unless it can be read as another of its types."""
    try:
        name = _type_of(json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError):
        return quoted(text)
    is_other = name in types or (name == "integer" and "number" in types)
    return text.strip() if is_other and name != "string" else quoted(text)


def quoted(text: str) -> str:
    """A string in JSON."""
    return f'"{escaped(text)}"'


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _types(schema: Any, root: Mapping[str, Any], depth: int) -> frozenset[str]:
    if not isinstance(schema, Mapping) or not depth:
        return _ALL
    types = _ALL
    match schema.get("type"):
        case str(name):
            types &= {name}
        case list(names):
            types &= {name for name in names if isinstance(name, str)}
    if "const" in schema:
        types &= {_type_of(schema["const"])}
    if isinstance(schema.get("enum"), list):
        types &= {_type_of(value) for value in schema["enum"]}
    for keyword in ("anyOf", "oneOf"):
        if isinstance(schema.get(keyword), list):
            parts = [_types(part, root, depth - 1) for part in schema[keyword]]
            types &= frozenset().union(*parts)
    if isinstance(schema.get("allOf"), list):
        for part in schema["allOf"]:
            types &= _types(part, root, depth - 1)
    if isinstance(schema.get("$ref"), str):
        types &= _types(_target(schema["$ref"], root), root, depth - 1)
    return types or _ALL


def _target(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name.replace("~1", "/").replace("~0", "~"))
    return found


def _type_of(value: Any) -> str:
    return next((name for kind, name in _NAMES if isinstance(value, kind)), "null")
