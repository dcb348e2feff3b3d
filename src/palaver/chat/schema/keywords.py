"""How each keyword of JSON Schema is treated."""

from __future__ import annotations

ANNOTATIONS = frozenset(
    {
        "$anchor",
        "$comment",
        "$defs",
        "default",
        "definitions",
        "deprecated",
        "description",
        "discriminator",
        "example",
        "examples",
        "readOnly",
        "title",
        "writeOnly",
    }
)
"""Keywords that no value depends on, beside those that begin with ``x-``."""

FAMILIES = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("prefixItems", "items", "additionalItems", "minItems", "maxItems"),
    "object": (
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "minProperties",
        "maxProperties",
    ),
}
"""Keywords that concern values of one type only."""

VALUE_KEYWORDS = ("const", "enum")
COMBINING_KEYWORDS = ("allOf", "anyOf", "oneOf", "$ref")

UNENFORCEABLE = {
    "$dynamicAnchor": "",
    "$dynamicRef": "",
    "$recursiveAnchor": "",
    "$recursiveRef": "",
    "$vocabulary": "",
    "contains": "",
    "contentEncoding": "",
    "contentMediaType": "",
    "contentSchema": "",
    "dependencies": "",
    "dependentRequired": "",
    "dependentSchemas": "",
    "else": "",
    "if": "",
    "maxContains": "",
    "minContains": "",
    "not": "",
    "nullable": '"type" can name "null" beside other types',
    "propertyNames": '"patternProperties" can, with "additionalProperties": false',
    "then": "",
    "unevaluatedItems": '"items": false can',
    "unevaluatedProperties": '"additionalProperties": false can',
    "uniqueItems": "",
}
"""Keywords that are refused, with what to write instead where there is something."""

HARMLESS = {"uniqueItems": False, "nullable": False}
"""Values with which a refused keyword has no effect."""

OLD_DIALECTS = frozenset(
    {
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft/2019-09/schema",
    }
)
"""Dialects in which ``items`` may be a list, followed by ``additionalItems``."""

NEW_DIALECT = "https://json-schema.org/draft/2020-12/schema"
