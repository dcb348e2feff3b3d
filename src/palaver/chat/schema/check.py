"""Checks whether a schema can be enforced exactly."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from llguidance import LLMatcher, LLTokenizer

from palaver.chat.schema.disjoint import Schema
from palaver.chat.schema.ends import circular, endless, reachable
from palaver.chat.schema.normal import Normaliser
from palaver.chat.schema.place import Place
from palaver.generation.grammar_limits import LIMITS

MAX_CHARS = 250_000
_MAX_SEARCH_S = 0.5
_LAYOUT = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    "json_allowed_escapes": 'nrbtf\\"',
}
"""No free white space, and only one way to write each character."""
_REASONS = {
    "Regex is empty": "no string fits its pattern, format, lengths and values together",
    "Unable to determine if regex is empty": "its pattern and lengths together are too complex",
    "are not disjoint": "two of its patternProperties may match the same name",
    "can't determine if patternProperty": "its patternProperties are too complex",
    "schema too large": "its combinations are too many",
    "grammar.symbols.len()": "its combinations are too many",
    "grammar size": "its combinations are too many",
    "fuel exhausted": "it is too complex",
    "circular references with sibling keys": "a recursive reference has other keywords beside it",
    "Unsatisfiable schema": "nothing matches it",
}
"""Messages of llguidance, and their meaning for a schema in normal form."""


JSON_OBJECT: dict[str, Any] = {"x-guidance": _LAYOUT, "type": "object"}
"""The normal form of a schema that any object matches."""


def check_schema(schema: Any, path: str = "response_format.json_schema.schema") -> dict[str, Any]:
    """A schema in the form in which it is enforced; it may match less than the given one, not more.

    It can be embedded in a Lark grammar of llguidance, as ``%json {…}``. Checking takes some
    milliseconds for most schemas, and has no bound for hostile ones.

    Args:
        schema: As the client sent it.
        path: Its path in the request, for error messages.

    Raises:
        InvalidRequest: A keyword in it cannot be enforced, or nothing can match; the message and
            ``param`` say where.
    """
    place = Place(path)
    normaliser = Normaliser(schema, place)
    definitions = reachable(normaliser.root, normaliser.definitions)
    if circular(definitions) is not None:
        place.refuse("a reference leads back to itself without anything in between")
    if endless({"root": normaliser.root} | definitions) is not None:
        place.refuse("something in it contains itself without end")
    normal = _whole(normaliser.root, definitions)
    source = json_grammar(normal)
    if len(source) > MAX_CHARS:
        place.refuse(f"has {len(source)} characters in normal form; {MAX_CHARS} are the limit")
    if reason := _reason(normal):
        _refuse_innermost(normaliser, definitions)
        place.refuse(f"cannot be enforced: {reason}")
    return normal


def json_grammar(schema: Mapping[str, Any], rule: str = "start") -> str:
    """A rule, in llguidance's Lark, for exactly one JSON text that matches a checked schema."""
    return f"{rule}: %json {json.dumps(dict(schema))}"


def _whole(root: Schema, definitions: dict[str, Schema]) -> dict[str, Any]:
    """A self-contained schema."""
    whole: dict[str, Any] = {"x-guidance": _LAYOUT}
    if isinstance(root, dict):
        whole |= root
    if definitions:
        whole["$defs"] = definitions
    return whole


def _reason(normal: dict[str, Any]) -> str:
    """Why llguidance cannot enforce a schema; empty if it can."""
    grammar = LLMatcher.grammar_from_lark(json_grammar(normal))
    matcher = LLMatcher(_bytes_as_tokens(), grammar, log_level=0, limits=LIMITS)
    matcher.compute_bitmask()  # which finishes the lazy part of compiling
    if not matcher.is_error():
        return ""
    message: str = matcher.get_error()
    for known, reason in _REASONS.items():
        if known in message:
            return reason
    detail = message.partition("failed to compile JSON schema: ")[2] or message
    return detail.strip().partition("\n")[0]


@cache
def _bytes_as_tokens() -> LLTokenizer:
    """The smallest vocabulary; what can be enforced does not depend on the model's."""
    return LLTokenizer("byte")


def _refuse_innermost(normaliser: Normaliser, definitions: dict[str, Schema]) -> None:
    """Refuse the innermost part that cannot be enforced on its own, if it is found quickly."""
    deadline = time.monotonic() + _MAX_SEARCH_S
    for place, part in normaliser.places:
        if time.monotonic() > deadline:
            return
        if reason := _reason(_whole(part, definitions)):
            place.refuse(f"cannot be enforced: {reason}")
