"""Random schemas: most are satisfiable, some are not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from tests.chat.schema.keywords import FORMATS

_NAMES = ("a", "b", "name", "x y", "ü", '"q"', "n\nl", "a long key here", "0", "/s~", "$ref", "x-")
_TEXTS = (*_NAMES, "abc", "", "t\tab", "\u2028", "\\", "😀", "\x00")
_PATTERNS = (
    *("^[a-z]+$", "^\\d{3}-\\d{4}$", "ab+c", "^.{2,5}$", "\\w+", "[^a]", "^(foo|bar)?$", "a|b"),
    *("^a", "z$", "\\s", "^[^\\d\\s]+$", "[\\w.]+@", "^[A-Z]{2}\\d*", "x{2,}", "^$", "(a|^b)c"),
    *("^\\p{L}+$", "é+", "^[\\x20-\\x7e]{0,4}$", "\\u00e9", "^(?:a(?=b))", "^([a-z])\\1$"),
    *("\\bfoo\\b", "^(a+)+$", "^a|b$", "\\/path\\/", "^[\\[\\]]$", "[-a]", "^\\t?$", "^[😀-😂]$"),
    *("^x-", "_id$"),
)
_FORMATS = (*FORMATS, "regex", "idn-email", "unheard-of")
_UNUSUAL = ("not", "if", "contains", "propertyNames", "unevaluatedProperties", "dependentRequired")
_MAX_DEPTH = 3


def random_schema(rng: random.Random) -> Any:
    """A schema, with the targets of its references in ``$defs``."""
    schema = _schema(rng, 0)
    if isinstance(schema, dict) and '"$ref":' in json.dumps(schema):
        schema["$defs"] = {"a": _schema(rng, 2), "b": _schema(rng, 1)}
    return schema


def _schema(rng: random.Random, depth: int) -> Any:
    if rng.random() < 0.03:
        return rng.random() < 0.8
    kinds = _SIMPLE if depth > _MAX_DEPTH else _SIMPLE + _NESTED
    schema = rng.choice(kinds)(rng, depth)
    for more in (_strings, _numbers, _arrays, _objects, _any_of, _all_of, _enum):
        if rng.random() < 0.02:
            schema |= more(rng, depth + 1)
    if rng.random() < 0.01:
        schema[rng.choice(_UNUSUAL)] = {}
    if rng.random() < 0.05:
        schema |= {"title": "A title", "description": "What it is.", "default": None}
    return schema


def _typed(rng: random.Random, *types: str) -> dict[str, Any]:
    """A schema, nearly always with a type."""
    return {"type": rng.choice(types)} if rng.random() < 0.92 else {}


def _strings(rng: random.Random, depth: int) -> dict[str, Any]:
    schema = _typed(rng, "string")
    if rng.random() < 0.4:
        schema["minLength"] = rng.randrange(6)
    if rng.random() < 0.4:
        schema["maxLength"] = rng.randrange(3, 14)
    if rng.random() < 0.4:
        schema["pattern"] = rng.choice(_PATTERNS)
    if rng.random() < 0.25:
        schema["format"] = rng.choice(_FORMATS)
    return schema


def _numbers(rng: random.Random, depth: int) -> dict[str, Any]:
    schema = _typed(rng, "integer", "number")
    for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if rng.random() < 0.25:
            low = keyword.lower().endswith("minimum")
            schema[keyword] = _number(rng) - 50 if low else _number(rng) + 50
    if rng.random() < 0.2:
        schema["multipleOf"] = rng.choice((1, 2, 3, 7, 10, 0.5, 0.25, 1.5, 0.1))
    if rng.random() < 0.1:
        schema["format"] = rng.choice(("int32", "int64", "float", "double"))
    return schema


def _arrays(rng: random.Random, depth: int) -> dict[str, Any]:
    schema = _typed(rng, "array")
    if rng.random() < 0.3:
        schema["prefixItems"] = _schemas(rng, depth)
    if rng.random() < 0.7:
        schema["items"] = _schema(rng, depth + 1)
    if rng.random() < 0.4:
        schema["minItems"] = rng.randrange(4)
    if rng.random() < 0.5:
        schema["maxItems"] = rng.randrange(2, 6)
    if rng.random() < 0.05:
        schema["uniqueItems"] = rng.random() < 0.5
    return schema


def _objects(rng: random.Random, depth: int) -> dict[str, Any]:
    schema = _typed(rng, "object")
    names = rng.sample(_NAMES, rng.randrange(4))
    if rng.random() < 0.85:
        schema["properties"] = {name: _schema(rng, depth + 1) for name in names}
    if rng.random() < 0.6:
        others = [rng.choice(_NAMES)] if rng.random() < 0.1 else []
        schema["required"] = [name for name in names if rng.random() < 0.7] + others
    if rng.random() < 0.5:
        of = _schema(rng, depth + 1)
        schema["additionalProperties"] = rng.choice((False, False, True, of))
    if rng.random() < 0.15:
        patterns = rng.sample(_PATTERNS, rng.randint(1, 2))
        schema["patternProperties"] = {pattern: _schema(rng, depth + 1) for pattern in patterns}
    if rng.random() < 0.1:
        schema["minProperties"] = rng.randrange(3)
    if rng.random() < 0.1:
        schema["maxProperties"] = rng.randrange(1, 4)
    return schema


def _enum(rng: random.Random, depth: int) -> dict[str, Any]:
    if rng.random() < 0.3:
        return {"const": _value(rng, 0)}
    return {"enum": [_value(rng, 0) for _ in range(rng.randint(1, 4))]}


def _plain(rng: random.Random, depth: int) -> dict[str, Any]:
    two = rng.sample(("string", "integer", "number", "array", "object", "null", "boolean"), 2)
    return {"type": rng.choice(("null", "boolean", two))}


def _any_of(rng: random.Random, depth: int) -> dict[str, Any]:
    return {"anyOf": _schemas(rng, depth)}


def _one_of(rng: random.Random, depth: int) -> dict[str, Any]:
    if rng.random() < 0.5:
        return {"oneOf": _schemas(rng, depth)}
    kinds: list[Any] = [{"properties": {"kind": {"const": kind}}} for kind in ("a", "b")]
    for kind in kinds:
        kind["properties"]["value"] = _schema(rng, depth + 2)
        kind |= {"type": "object", "required": ["kind"]}
    return {"oneOf": kinds}


def _all_of(rng: random.Random, depth: int) -> dict[str, Any]:
    return {"allOf": _schemas(rng, depth)}


def _reference(rng: random.Random, depth: int) -> dict[str, Any]:
    return {"$ref": rng.choice(("#", "#/$defs/a", "#/$defs/b", "#/$defs/none"))}


def _schemas(rng: random.Random, depth: int) -> list[Any]:
    return [_schema(rng, depth + 1) for _ in range(rng.randint(1, 3))]


def _number(rng: random.Random) -> Any:
    numbers = (rng.randint(-1000, 1000), round(rng.uniform(-10, 10), rng.randint(0, 4)), 0, 1)
    return rng.choice((*numbers, -1, 0.1, 1e10, 1e-3, 2**53, 1e300, 123456789.125))


def _value(rng: random.Random, depth: int) -> Any:
    plain: list[Any] = [None, rng.random() < 0.5, _number(rng), rng.choice(_TEXTS)]
    if depth < 2:
        plain.append([_value(rng, depth + 1) for _ in range(rng.randrange(3))])
        plain.append({rng.choice(_NAMES): _value(rng, depth + 1) for _ in range(rng.randrange(3))})
    return rng.choice(plain)


_Kind = Callable[[random.Random, int], dict[str, Any]]
_SIMPLE: tuple[_Kind, ...] = (_strings, _strings, _numbers, _numbers, _plain, _enum)
_NESTED: tuple[_Kind, ...] = (_arrays, _arrays, _objects, _objects, _objects)
_NESTED += (_any_of, _one_of, _all_of, _reference)
