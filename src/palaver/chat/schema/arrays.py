"""The keywords of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from palaver.chat.schema.disjoint import Schema
from palaver.chat.schema.place import Place, shown
from palaver.chat.schema.strings import count_range

MAX_ITEMS = 100_000
"""More items than any answer can hold."""

Subschema = Callable[[Any, Place], Schema]
"""Returns the normal form of a schema at a path."""


def normalise_arrays(
    keywords: dict[str, Any], place: Place, subschema: Subschema, *, is_old_dialect: bool
) -> dict[str, Any]:
    """The normal form of the keywords of arrays.

    Raises:
        InvalidRequest: A keyword cannot be enforced, or no array fits them all.
    """
    prefix_name, items_name = _names(keywords, place, is_old_dialect=is_old_dialect)
    least, most = count_range(keywords, place, "minItems", "maxItems", MAX_ITEMS)
    normal: dict[str, Any] = {}
    prefix = keywords.get(prefix_name, [])
    if not isinstance(prefix, list):
        (place / prefix_name).refuse(f"must be a list of schemas, is {shown(prefix)}")
    if prefix:
        normal["prefixItems"] = [
            subschema(schema, place / prefix_name / i) for i, schema in enumerate(prefix)
        ]
    if items_name in keywords:
        normal["items"] = subschema(keywords[items_name], place / items_name)
    if normal.get("items") is False and least > len(prefix):
        place.refuse(f"no array can have {least} items: {items_name} is false")
    if False in normal.get("prefixItems", [])[:least]:
        place.refuse(f"no array can have {least} items: one of {prefix_name} is false")
    if least:
        normal["minItems"] = least
    if most is not None:
        normal["maxItems"] = most
    return normal


def _names(keywords: dict[str, Any], place: Place, *, is_old_dialect: bool) -> tuple[str, str]:
    """The keywords for the first items and for those after them."""
    if is_old_dialect:
        if "prefixItems" in keywords:
            place.cannot("prefixItems", '"$schema" names a dialect that does not know it')
        if isinstance(keywords.get("items"), list):
            return "items", "additionalItems"
        return "prefixItems", "items"
    if "additionalItems" in keywords:
        place.cannot("additionalItems", '"items" can')
    if isinstance(keywords.get("items"), list):
        (place / "items").refuse('must be a schema; "prefixItems" takes a list')
    return "prefixItems", "items"
