"""Formats of strings and numbers, as patterns and bounds.

A pattern here matches only what every reader of the format accepts, which may be less than the
format allows: no leap seconds, no addresses longer than mail servers take.
"""

from __future__ import annotations

from fractions import Fraction

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DATE = f"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"
_HOUR = "(?:[01][0-9]|2[0-3])"
_SECOND = r"[0-5][0-9](?:\.[0-9]{1,6})?"
_TIME = f"{_HOUR}:[0-5][0-9]:{_SECOND}(?:Z|[+-]{_HOUR}:[0-5][0-9])"
_NUM = "[0-9]{1,9}"
_DAYS = f"(?:{_NUM}Y(?:{_NUM}M(?:{_NUM}D)?)?|{_NUM}M(?:{_NUM}D)?|{_NUM}D)"
_HOURS = f"T(?:{_NUM}H(?:{_NUM}M(?:{_NUM}S)?)?|{_NUM}M(?:{_NUM}S)?|{_NUM}S)"
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = rf"(?:{_BYTE}\.){{3}}{_BYTE}"
_WORD = "[0-9A-Fa-f]{1,4}"
_IPV6 = "|".join(
    [
        f"(?:{_WORD}:){{7}}{_WORD}",
        f"(?:{_WORD}:){{1,7}}:",
        *(f"(?:{_WORD}:){{1,{7 - num}}}(?::{_WORD}){{1,{num}}}" for num in range(1, 7)),
        f":(?::{_WORD}){{1,7}}",
        "::",
    ]
)
_LABEL = "[A-Za-z0-9]{1,15}(?:-[A-Za-z0-9]{1,15}){0,2}"
_HOST = rf"(?:{_LABEL}\.){{0,3}}[A-Za-z]{{2,24}}"
_MAILBOX = r"[A-Za-z0-9_+-]{1,20}(?:\.[A-Za-z0-9_+-]{1,20}){0,2}"
_ESCAPED = "%[0-9A-F]{2}"
_SEGMENTS = f"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_ESCAPED})*)*"
_TAIL = (
    rf"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|{_ESCAPED})*)?"
    f"(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|{_ESCAPED})*)?"
)
_URI = f"[A-Za-z][A-Za-z0-9]{{1,15}}://(?:{_HOST}|{_IPV4})(?::[1-9][0-9]{{0,3}})?{_SEGMENTS}{_TAIL}"
_PATH = f"/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|{_ESCAPED})+{_SEGMENTS}{_TAIL}"
_POINTER = "(?:/(?:[^/~]|~[01])*)*"

_EXPRESSIONS = {
    "date": _DATE,
    "date-time": f"{_DATE}T{_TIME}",
    "duration": f"P(?:{_DAYS}(?:{_HOURS})?|{_HOURS}|{_NUM}W)",
    "email": rf"{_MAILBOX}@(?:{_LABEL}\.){{1,3}}[A-Za-z]{{2,24}}",
    "hostname": _HOST,
    "ipv4": _IPV4,
    "ipv6": _IPV6,
    "iri": _URI,
    "iri-reference": f"(?:{_URI}|{_PATH})",
    "json-pointer": _POINTER,
    "relative-json-pointer": f"(?:0|[1-9]{{1,4}})(?:#|{_POINTER})",
    "time": _TIME,
    "uri": _URI,
    "uri-reference": f"(?:{_URI}|{_PATH})",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
}
STRING_FORMATS = {name: f"^(?:{text})$" for name, text in _EXPRESSIONS.items()}
"""For each format of strings, an equivalent pattern."""

NUMBER_FORMATS: dict[str, tuple[Fraction, Fraction] | None] = {
    "int32": (Fraction(-(2**31)), Fraction(2**31 - 1)),
    "int64": (Fraction(-(2**63)), Fraction(2**63 - 1)),
    "float": None,
    "double": None,
}
"""For each format of numbers (they are OpenAPI's) the bounds that it means, if any."""
