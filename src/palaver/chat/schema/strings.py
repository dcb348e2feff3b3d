"""The keywords of strings: lengths, patterns, formats."""

from __future__ import annotations

from typing import Any

from palaver.chat.schema.formats import STRING_FORMATS
from palaver.chat.schema.pattern import Pattern, PatternError, portable
from palaver.chat.schema.place import Place, shown

MAX_LENGTH = 1_000_000
"""A longer string than any answer can hold; limits above it are as good as none."""


def normalise_strings(keywords: dict[str, Any], place: Place) -> dict[str, Any]:
    """The normal form of the keywords of strings; a format becomes a pattern.

    Raises:
        InvalidRequest: A keyword cannot be enforced.
    """
    normal: dict[str, Any] = {}
    least, most = count_range(keywords, place, "minLength", "maxLength", MAX_LENGTH)
    if least:
        normal["minLength"] = least
    if most is not None:
        normal["maxLength"] = most
    patterns = []
    if "pattern" in keywords:
        patterns.append(check_pattern(keywords["pattern"], place / "pattern").text)
    if pattern := STRING_FORMATS.get(keywords.get("format", "")):
        patterns.append(pattern)
    if patterns:
        normal["pattern"] = patterns[0]
    if patterns[1:]:
        normal["allOf"] = [{"pattern": patterns[1]}]
    return normal


def check_pattern(pattern: Any, place: Place) -> Pattern:
    """A regular expression of a schema, in portable form.

    Raises:
        InvalidRequest: It is not valid, or cannot be enforced.
    """
    if not isinstance(pattern, str):
        place.refuse(f"must be a string, is {shown(pattern)}")
    try:
        return portable(pattern)
    except PatternError as error:
        place.refuse(f"the pattern {shown(pattern)} cannot be enforced: {error}")


def count_range(
    keywords: dict[str, Any], place: Place, least_name: str, most_name: str, limit: int
) -> tuple[int, int | None]:
    """The least and the most of something that can be counted.

    Raises:
        InvalidRequest: One of them is not a count, the least is above the limit or above the most.
    """
    least = _count(keywords.get(least_name, 0), place / least_name)
    if least > limit:
        place.cannot(least_name, f"{least} is more than the limit of {limit}")
    if most_name not in keywords:
        return least, None
    most = min(_count(keywords[most_name], place / most_name), limit)
    if least > most:
        place.refuse(f"nothing fits both {least_name} {least} and {most_name} {most}")
    return least, most


def _count(value: Any, place: Place) -> int:
    is_whole = (
        isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    )
    if not is_whole or value < 0:
        place.refuse(f"must be a whole number of at least 0, is {shown(value)}")
    return int(value)
