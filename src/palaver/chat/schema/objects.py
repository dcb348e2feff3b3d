"""The keywords of objects."""

from __future__ import annotations

from typing import Any

from palaver.chat.schema.arrays import Subschema
from palaver.chat.schema.disjoint import Schema
from palaver.chat.schema.place import Place, shown
from palaver.chat.schema.strings import check_pattern, count_range
from palaver.chat.schema.values import check_string

MAX_PROPERTIES = 100_000
MAX_PATTERNS = 8


def normalise_objects(
    keywords: dict[str, Any], place: Place, subschema: Subschema, *, is_closed: bool
) -> dict[str, Any]:
    """The normal form of the keywords of objects.

    Args:
        keywords: The schema.
        place: Its path in the request.
        subschema: Normalises the schemas in it.
        is_closed: Whether properties that are not listed are excluded by default.

    Raises:
        InvalidRequest: A keyword cannot be enforced, or no object fits them all.
    """
    properties = {
        name: subschema(schema, place / "properties" / name)
        for name, schema in _mapping(keywords, place, "properties").items()
    }
    required = _required(keywords, place)
    additional = subschema(
        keywords.get("additionalProperties", True), place / "additionalProperties"
    )
    lists = "properties" in keywords or "patternProperties" in keywords
    if is_closed and lists and "additionalProperties" not in keywords:
        additional = False
        if "patternProperties" not in keywords:
            properties |= {name: True for name in required if name not in properties}
    patterns = _patterns(keywords, place, subschema, properties, is_open=additional is not False)
    for name in properties:
        check_string(name, place / "properties" / name)
    for name in required:
        is_known = name in properties or bool(patterns)
        if properties.get(name, True) is False or (additional is False and not is_known):
            (place / "required").refuse(f"the property {shown(name)} is required but not allowed")
    normal: dict[str, Any] = {}
    if properties:
        normal["properties"] = properties
    if patterns:
        normal["patternProperties"] = patterns
    if required:
        normal["required"] = required
    if additional is not True:
        normal["additionalProperties"] = additional
    return normal | _counts(keywords, place, normal)


def _mapping(keywords: dict[str, Any], place: Place, keyword: str) -> dict[str, Any]:
    mapping = keywords.get(keyword, {})
    if not isinstance(mapping, dict):
        (place / keyword).refuse(f"must be an object, is {shown(mapping)}")
    return mapping


def _required(keywords: dict[str, Any], place: Place) -> list[str]:
    names = keywords.get("required", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        (place / "required").refuse(f"must be a list of strings, is {shown(names)}")
    for name in names:
        check_string(name, place / "required")
    return list(dict.fromkeys(names))


def _patterns(
    keywords: dict[str, Any],
    place: Place,
    subschema: Subschema,
    names: dict[str, Schema],
    *,
    is_open: bool,
) -> dict[str, Schema]:
    """Patterns for names, in portable form.

    A pattern that matches less than the given one would let names slip past its schema, so where
    other names are possible it has to be exact.
    """
    here = place / "patternProperties"
    given = _mapping(keywords, place, "patternProperties")
    if len(given) > MAX_PATTERNS:
        here.refuse(f"has {len(given)} patterns; {MAX_PATTERNS} are the limit")
    patterns: dict[str, Schema] = {}
    for text, schema in given.items():
        pattern = check_pattern(text, here / text)
        if not pattern.is_exact and (is_open or not all(map(str.isascii, names))):
            (here / text).refuse(
                "cannot be enforced beside other names: programs disagree on what "
                '".", "\\d", "\\w" and "\\s" match'
            )
        patterns[pattern.text] = subschema(schema, here / text)
    return patterns


def _counts(keywords: dict[str, Any], place: Place, normal: dict[str, Any]) -> dict[str, int]:
    """Bounds of the number of properties, where llguidance keeps them.

    It does if every listed property is required, or if exactly those listed are possible and one
    optional property is to be there. Names that are not listed can come twice, which counts once,
    so no more than one of them can be asked for.
    """
    least, most = count_range(keywords, place, "minProperties", "maxProperties", MAX_PROPERTIES)
    required = normal.get("required", [])
    properties = {k: v for k, v in normal.get("properties", {}).items() if v is not False}
    num_optional = sum(name not in required for name in properties)
    is_listed = normal.get("additionalProperties") is False and "patternProperties" not in normal
    if most is not None and most < len(required):
        place.refuse(f"{len(required)} properties are required and at most {most} allowed")
    if is_listed and least > len(properties):
        place.refuse(f"{least} properties are required and {len(properties)} allowed")
    counts = {}
    if least > len(required):
        counts["minProperties"] = least
    if most is not None and not (is_listed and most >= len(properties)):
        counts["maxProperties"] = most
    if least > len(required) + 1:
        place.cannot("minProperties", "only one more property than required can be asked for")
    if num_optional and counts:
        is_one = is_listed and counts.get("maxProperties", len(required) + 1) == len(required) + 1
        if not is_one:
            place.cannot(next(iter(counts)), "there are optional properties")
    return counts
