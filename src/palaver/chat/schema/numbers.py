"""Bounds of numbers, brought into the form that llguidance enforces exactly.

llguidance reads bounds as binary floats, exactly up to 15 digits only, and lets an exclusive bound
in where it is a whole number. So bounds become inclusive here, and a fraction moves inwards by at
most 10^-14 of itself. Integers stay within 53 bits, which every JSON parser reads exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from palaver.chat.schema.formats import NUMBER_FORMATS
from palaver.chat.schema.keywords import FAMILIES
from palaver.chat.schema.place import Place, shown

MAX_INTEGER = 2**53 - 1
_NUM_DIGITS = 15
_MAX_NUMBER = 10**_NUM_DIGITS
_MAX_MULTIPLE = 10**9
_MAX_MULTIPLE_DENOMINATOR = 64


def number_of(value: Any, place: Place) -> Fraction:
    """A number of a schema, exactly.

    Raises:
        InvalidRequest: It is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        place.refuse(f"must be a number, is {shown(value)}")
    return Fraction(Decimal(str(value)))


def plain(number: Fraction) -> int | float:
    """A number as JSON writes it."""
    return int(number) if number.denominator == 1 else float(number)


def is_writable(number: Fraction) -> bool:
    """Whether llguidance reads the number exactly."""
    if number.denominator == 1:
        return abs(number) <= MAX_INTEGER
    scaled = number * _MAX_NUMBER
    return scaled.denominator == 1 and _step(number) * (number // _step(number)) == number


def normalise_numbers(
    keywords: dict[str, Any], place: Place, *, is_integer: bool
) -> dict[str, int | float]:
    """The normal form of the keywords of numbers, with inclusive bounds.

    Raises:
        InvalidRequest: A keyword cannot be enforced, or no number fits them all.
    """
    given = {
        keyword: number_of(keywords[keyword], place / keyword)
        for keyword in FAMILIES["number"]
        if keyword in keywords
    }
    if bounds := NUMBER_FORMATS.get(keywords.get("format", "")):
        given["minimum"] = max(given.get("minimum", bounds[0]), bounds[0])
        given["maximum"] = min(given.get("maximum", bounds[1]), bounds[1])
    lower = _strictest(given, "minimum", "exclusiveMinimum", sign=1)
    upper = _strictest(given, "maximum", "exclusiveMaximum", sign=-1)
    least = lower.innermost(place, is_integer=is_integer) if lower else None
    most = upper.innermost(place, is_integer=is_integer) if upper else None
    if is_integer:
        least = Fraction(-MAX_INTEGER) if least is None else least
        most = Fraction(MAX_INTEGER) if most is None else most
    if least is not None and most is not None and least > most:
        place.refuse("no number fits its bounds")
    normal: dict[str, int | float] = {}
    if least is not None:
        normal["minimum"] = plain(least)
    if most is not None:
        normal["maximum"] = plain(most)
    if "multipleOf" in given:
        multiple = _multiple(given["multipleOf"], place, is_integer=is_integer)
        if least is not None and most is not None and most // multiple * multiple < least:
            place.refuse("no multiple fits its bounds")
        if not is_integer or multiple != 1:
            normal["multipleOf"] = plain(multiple)
    return normal


@dataclass(frozen=True, slots=True)
class _Bound:
    """A bound from below, or one from above with its sign changed."""

    keyword: str
    value: Fraction
    sign: int
    is_exclusive: bool

    def innermost(self, place: Place, *, is_integer: bool) -> Fraction:
        """The first number within the bound that can be written."""
        if is_integer:
            past = math.floor(self.value) + 1 if self.is_exclusive else math.ceil(self.value)
            if past > MAX_INTEGER:
                place.cannot(self.keyword, "integers of more than 53 bits are not written")
            return Fraction(max(past, -MAX_INTEGER) * self.sign)
        if self.value >= _MAX_NUMBER:
            place.cannot(
                self.keyword, f"numbers beyond 10^{_NUM_DIGITS} cannot be compared exactly"
            )
        value = max(self.value, Fraction(-_MAX_NUMBER))
        step = _step(value)
        first = math.ceil(value / step) * step
        if self.is_exclusive and first == value:
            first += step
        return first * self.sign


def _strictest(
    given: dict[str, Fraction], inclusive: str, exclusive: str, *, sign: int
) -> _Bound | None:
    bounds = [
        _Bound(keyword, given[keyword] * sign, sign, keyword == exclusive)
        for keyword in (inclusive, exclusive)
        if keyword in given
    ]
    return max(bounds, key=lambda bound: (bound.value, bound.is_exclusive), default=None)


def _step(number: Fraction) -> Fraction:
    """The distance between neighbouring numbers of 15 digits, at least 10^-15."""
    num_digits = len(str(abs(int(number)))) if abs(number) >= 1 else 0
    return Fraction(10) ** (num_digits - _NUM_DIGITS)


def _multiple(multiple: Fraction, place: Place, *, is_integer: bool) -> Fraction:
    if multiple <= 0:
        (place / "multipleOf").refuse(f"must be above 0, is {plain(multiple)}")
    if multiple.denominator & (multiple.denominator - 1):
        why = "it is not exact as a binary number, so that programs disagree on its multiples"
        place.cannot("multipleOf", why)
    if multiple > _MAX_MULTIPLE or multiple.denominator > _MAX_MULTIPLE_DENOMINATOR:
        why = f"it must be at most 10^9 and a multiple of 1/{_MAX_MULTIPLE_DENOMINATOR}"
        place.cannot("multipleOf", why)
    return Fraction(multiple.numerator) if is_integer else multiple
