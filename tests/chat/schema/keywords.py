"""Each keyword with schemas that use it: values they accept and reject, and uses that are refused.

The tables of ``docs/reference/json-schema.md`` are made from these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Enforced:
    """A schema that is enforced.

    Attributes:
        schema: Itself.
        takes: Values that its grammar accepts.
        lacks: Values that its grammar rejects.
    """

    schema: Any
    takes: list[Any]
    lacks: list[Any]


@dataclass(frozen=True)
class Keyword:
    """A keyword that is enforced.

    Attributes:
        limits: Uses that are refused or narrowed, for the document.
        cases: Schemas that use it.
        refused: Schemas that use it in a way that is refused, with the path of what is refused.
    """

    limits: str
    cases: list[Enforced]
    refused: list[tuple[Any, str]]


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_NODE: dict[str, Any] = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"$ref": "#"}},
    "required": ["value"],
}
_TREE: dict[str, Any] = {
    "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
    "$ref": "#/$defs/tree",
}

ENFORCED: dict[str, Keyword] = {
    "type": Keyword(
        "",
        [
            Enforced({"type": "string"}, ["", "é\n"], [1, None, {}]),
            Enforced({"type": "integer"}, [0, -12, 2**53 - 1], [0.5, "1", 2**53]),
            Enforced({"type": "number"}, [0, -1.25, 1e-7], ["1", None]),
            Enforced({"type": ["boolean", "null"]}, [True, False, None], [0, "true"]),
            Enforced({"type": "array"}, [[], [1, "a", [None]]], [{}, 1]),
            Enforced({"type": "object"}, [{}, {"a": {"b": []}}], [[], "a"]),
        ],
        [({"type": "date"}, "type"), ({"type": []}, "type")],
    ),
    "const": Keyword(
        "no control characters but the usual five; texts of 10,000 characters, numbers of 15 "
        "digits at most",
        [Enforced({"const": {"a": [1, None]}}, [{"a": [1, None]}], [{"a": [1]}, {}])],
        [
            ({"const": "\x00"}, "const"),
            ({"const": "x" * 10_001}, "const"),
            ({"type": "string", "const": 1}, "const"),
        ],
    ),
    "enum": Keyword(
        "as `const`",
        [
            Enforced({"enum": ["red", "green", 3, None]}, ["red", 3, None], ["blue", 4]),
            Enforced({"type": "string", "enum": ["a", 1]}, ["a"], [1]),
        ],
        [({"enum": []}, "enum"), ({"enum": ["a", "\x7f"]}, "enum[1]")],
    ),
    "$ref": Keyword(
        "within the schema (`#/…`), recursive ones included, if an answer can come to an end",
        [
            Enforced(_NODE, [{"value": 1}, {"value": 1, "next": {"value": 2}}], [{"next": {}}]),
            Enforced(_TREE, [[], [[], [[]]]], [[1], {}]),
            Enforced(
                {"$defs": {"a/b": {"type": "null"}}, "type": "array"}
                | {"items": {"$ref": "#/$defs/a~1b"}},
                [[], [None]],
                [[1]],
            ),
        ],
        [
            ({"$ref": "https://example.com/schema"}, "$ref"),
            ({"$ref": "#/$defs/none"}, "$ref"),
            ({"$ref": "#"}, ""),
            (_object(again={"$ref": "#"}), ""),
        ],
    ),
    "anyOf": Keyword(
        "",
        [
            Enforced({"anyOf": [{"type": "integer"}, {"type": "null"}]}, [1, None], ["1"]),
            Enforced(
                {"type": "object", "properties": {"a": {"type": "integer"}}}
                | {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
                [{"a": 1}, {"b": 2}],
                [{}, {"a": "x"}],
            ),
        ],
        [({"anyOf": []}, "anyOf"), ({"anyOf": [True, {"not": {}}]}, "anyOf[1].not")],
    ),
    "oneOf": Keyword(
        "alternatives that can be told apart by type, by `const`, `enum` or a required property; "
        "100 at most",
        [
            Enforced({"oneOf": [{"type": "string"}, {"type": "null"}]}, ["a", None], [1]),
            Enforced(
                {
                    "oneOf": [
                        _object(kind={"const": "circle"}, radius={"type": "integer"}),
                        _object(kind={"const": "point"}),
                    ]
                },
                [{"kind": "circle", "radius": 1}, {"kind": "point"}],
                [{"kind": "circle"}, {"kind": "square"}],
            ),
        ],
        [({"oneOf": [{"type": "number"}, {"type": "integer"}]}, "oneOf")],
    ),
    "allOf": Keyword(
        "",
        [
            Enforced(
                {"allOf": [{"type": "string", "minLength": 2}, {"pattern": "^a"}]},
                ["ab", "abc"],
                ["a", "bb", 2],
            ),
            Enforced(
                {"allOf": [_object(a={"type": "integer"}), _object(b={"type": "null"})]},
                [{"a": 1, "b": None}],
                [{"a": 1}, {"b": None}],
            ),
        ],
        [
            ({"allOf": [{"type": "string"}, {"type": "null"}]}, ""),
            ({"allOf": "a"}, "allOf"),
        ],
    ),
    "minLength": Keyword(
        "",
        [Enforced({"type": "string", "minLength": 2}, ["ab", "😀é"], ["a", ""])],
        [({"type": "string", "minLength": -1}, "minLength")],
    ),
    "maxLength": Keyword(
        "",
        [Enforced({"type": "string", "maxLength": 2}, ["", "\n\n", "😀é"], ["abc"])],
        [({"type": "string", "minLength": 3, "maxLength": 2}, "")],
    ),
    "pattern": Keyword(
        "no look-around, word boundaries, back-references; `.`, `\\d`, `\\w`, `\\s` where programs "
        "agree on them; with `minLength`, `maxLength` and `format` together",
        [
            Enforced({"type": "string", "pattern": "^[a-z]{2}$"}, ["ab"], ["a", "AB", "abc"]),
            Enforced({"type": "string", "pattern": "b+"}, ["abba", "b"], ["", "aa"]),
            Enforced(
                {"type": "string", "pattern": "^a|b$", "minLength": 2, "maxLength": 3},
                ["ac", "cb", "abc"],
                ["a", "cc", "abcd"],
            ),
            Enforced({"type": "string", "pattern": "^\\d$"}, ["7"], ["٣", "a"]),
        ],
        [
            ({"type": "string", "pattern": "a(?=b)"}, "pattern"),
            ({"type": "string", "pattern": "(a)\\1"}, "pattern"),
            ({"type": "string", "pattern": "["}, "pattern"),
            ({"type": "string", "pattern": "^a$", "minLength": 2}, ""),
        ],
    ),
    "format": Keyword(
        "those listed below",
        [],
        [({"type": "string", "format": "regex"}, "format"), ({"format": "phone"}, "format")],
    ),
    "minimum": Keyword(
        "integers of 53 bits; fractions move inwards by 10^-14 of themselves at most",
        [
            Enforced({"type": "integer", "minimum": -1}, [-1, 0, 100], [-2]),
            Enforced({"type": "number", "minimum": 0.5}, [0.5, 1, 7.25], [0.4, 0, -1]),
        ],
        [({"type": "integer", "minimum": 2**53}, "minimum"), ({"minimum": "1"}, "minimum")],
    ),
    "maximum": Keyword(
        "as `minimum`",
        [Enforced({"type": "integer", "minimum": 1, "maximum": 12}, [1, 9, 12], [0, 13, 100])],
        [({"type": "integer", "minimum": 2, "maximum": 1}, "")],
    ),
    "exclusiveMinimum": Keyword(
        "as `minimum`",
        [Enforced({"type": "number", "exclusiveMinimum": 0}, [1, 0.5], [0, 0.0, -1])],
        [({"type": "integer", "exclusiveMinimum": 2**53}, "exclusiveMinimum")],
    ),
    "exclusiveMaximum": Keyword(
        "as `minimum`",
        [Enforced({"type": "integer", "exclusiveMaximum": 10}, [9, -5], [10, 11])],
        [({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, "")],
    ),
    "multipleOf": Keyword(
        "whole numbers up to 10^9 and sums of halves down to 1/64, as far as they are not too "
        "complex",
        [
            Enforced({"type": "integer", "multipleOf": 7}, [0, 14, 70], [1, 15]),
            Enforced({"type": "number", "multipleOf": 0.25}, [0.25, 3, 1.75], [0.3, 0.1]),
        ],
        [
            ({"type": "number", "multipleOf": 0.1}, "multipleOf"),
            ({"type": "integer", "multipleOf": 0}, "multipleOf"),
            ({"type": "integer", "multipleOf": 999_999_937}, ""),
        ],
    ),
    "items": Keyword(
        "as a list only with a `$schema` of an older draft",
        [
            Enforced({"type": "array", "items": {"type": "integer"}}, [[], [1, 2]], [["a"]]),
            Enforced(
                {"$schema": "http://json-schema.org/draft-07/schema#", "type": "array"}
                | {"items": [{"type": "null"}], "additionalItems": False},
                [[], [None]],
                [[1], [None, None]],
            ),
        ],
        [({"type": "array", "items": [{}]}, "items"), ({"items": 1}, "items")],
    ),
    "additionalItems": Keyword(
        "only with a `$schema` of an older draft",
        [],
        [({"type": "array", "additionalItems": False}, "additionalItems")],
    ),
    "prefixItems": Keyword(
        "",
        [
            Enforced(
                {"type": "array", "prefixItems": [{"type": "null"}, {"const": 1}], "items": False}
                | {"minItems": 1},
                [[None], [None, 1]],
                [[], [1], [None, 1, 1]],
            )
        ],
        [({"type": "array", "prefixItems": {}}, "prefixItems")],
    ),
    "minItems": Keyword(
        "",
        [Enforced({"type": "array", "minItems": 2}, [[1, 2], [1, 2, 3]], [[], [1]])],
        [({"type": "array", "items": False, "minItems": 1}, "")],
    ),
    "maxItems": Keyword(
        "",
        [Enforced({"type": "array", "maxItems": 2}, [[], [1, 2]], [[1, 2, 3]])],
        [({"type": "array", "minItems": 2, "maxItems": 1}, "")],
    ),
    "properties": Keyword(
        "in the order in which they are listed; others only if `additionalProperties` says so",
        [
            Enforced(
                {"type": "object", "properties": {"a": {"type": "null"}, "b": {}}},
                [{}, {"a": None}, {"b": 1}, {"a": None, "b": 1}],
                [{"a": 1}, {"c": 1}, {"b": 1, "a": None}],
            )
        ],
        [({"properties": []}, "properties"), ({"properties": {"\x01": {}}}, "properties")],
    ),
    "required": Keyword(
        "",
        [
            Enforced(
                {"type": "object", "properties": {"a": {}}, "required": ["a", "b"]}
                | {"additionalProperties": {"type": "integer"}},
                [{"a": 0, "b": 1}],
                [{}, {"a": 0}, {"a": 0, "b": "x"}],
            )
        ],
        [
            ({"properties": {"a": False}, "required": ["a"]}, "required"),
            ({"required": "a"}, "required"),
        ],
    ),
    "additionalProperties": Keyword(
        "",
        [
            Enforced(
                {"type": "object", "additionalProperties": {"type": "integer"}},
                [{}, {"x": 1, "y": 2}],
                [{"x": "1"}],
            ),
            Enforced(
                {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
                [{"a": 1, "z": 2}],
                [[]],
            ),
        ],
        [({"additionalProperties": {"if": {}}}, "additionalProperties.if")],
    ),
    "patternProperties": Keyword(
        "8 at most, which cannot match the same name",
        [
            Enforced(
                {"type": "object", "patternProperties": {"^n_": {"type": "integer"}}}
                | {"additionalProperties": False},
                [{}, {"n_a": 1}],
                [{"n_a": "1"}, {"a": 1}],
            )
        ],
        [({"type": "object", "patternProperties": {"^a": {}, "a$": {}}}, "")],
    ),
    "minProperties": Keyword(
        "one more than are required; with optional properties only if one of them is to be there",
        [
            Enforced({"type": "object", "minProperties": 1}, [{"a": 1}], [{}]),
        ],
        [({"type": "object", "minProperties": 2}, "minProperties")],
    ),
    "maxProperties": Keyword(
        "where every property that is listed is required",
        [Enforced({"type": "object", "maxProperties": 1}, [{}, {"a": 1}], [{"a": 1, "b": 2}])],
        [
            (
                {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 2},
                "maxProperties",
            )
        ],
    ),
}

FORMATS: dict[str, Enforced] = {
    "date": Enforced({}, ["2024-02-29", "1999-12-31"], ["2023-02-29", "2024-13-01", "24-01-01"]),
    "date-time": Enforced(
        {}, ["2024-02-29T23:59:59Z", "2024-01-01T00:00:00.5+01:00"], ["2024-01-01", "2024-01-01T"]
    ),
    "duration": Enforced({}, ["P1Y2M3DT4H5M6S", "P2W", "PT5M"], ["P", "1Y", "P1S"]),
    "email": Enforced({}, ["ada@example.com"], ["ada", "@example.com"]),
    "hostname": Enforced({}, ["example.com", "localhost"], ["-a.com", "a b"]),
    "ipv4": Enforced({}, ["127.0.0.1", "255.255.255.255"], ["256.0.0.1", "1.2.3"]),
    "ipv6": Enforced({}, ["::1", "2001:db8::ff00:42:8329"], [":::", "12345::"]),
    "iri": Enforced({}, ["https://example.com/a?b=c#d"], ["example.com"]),
    "iri-reference": Enforced({}, ["/a/b", "https://example.com"], ["a b"]),
    "json-pointer": Enforced({}, ["", "/a/0", "/a~1b"], ["a", "/~2"]),
    "relative-json-pointer": Enforced({}, ["0", "1/a", "2#"], ["/a", "-1"]),
    "time": Enforced({}, ["10:20:30Z", "10:20:30.123+02:00"], ["10:20", "25:00:00Z"]),
    "uri": Enforced({}, ["https://example.com:80/a", "ftp://1.2.3.4"], ["/a", "https://"]),
    "uri-reference": Enforced({}, ["/a?b", "https://example.com"], ["a b"]),
    "uuid": Enforced(
        {},
        ["123e4567-e89b-12d3-a456-426614174000"],
        ["123e4567e89b12d3a456426614174000", "x23e4567-e89b-12d3-a456-426614174000"],
    ),
    "int32": Enforced({"type": "integer"}, [2**31 - 1, -(2**31)], [2**31]),
    "int64": Enforced({"type": "integer"}, [2**53 - 1], [2**53]),
    "float": Enforced({"type": "number"}, [0.5], ["x"]),
    "double": Enforced({"type": "number"}, [0.5], ["x"]),
}
