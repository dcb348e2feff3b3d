"""Parses a call's arguments as they come, and passes them on as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from palaver.chat.families.description import Parameters, QuotedObject
from palaver.chat.parser.json_text import (
    JsonExtent,
    escaped,
    json_text,
    string_value,
)
from palaver.chat.parser.source import NoMatch, Parsing, Source
from palaver.chat.parser.value_types import as_json, quoted, types_of
from palaver.chat.stop import num_overlapping

Emit = Callable[[str], None]
"""Called with more of the arguments' JSON text."""

_BARE_KEY = re.compile(r"[^\s:,{}\[\]<>\"]+")
_BARE_VALUE = re.compile(r"[^,{}\[\]<>\"]+")
_MAX_DEPTH = 60


def read_json(source: Source, emit: Emit) -> Parsing[None]:
    """Parse an object, passed on as written; it may be inside a string, or ``null`` if empty.

    Raises:
        NoMatch: Something else begins here.
    """
    first = yield from source.peek()
    if first == '"':
        emit(string_value((yield from json_text(source))))
        return
    if first == "n":
        yield from source.word("null")
        emit("{}")
        return
    if first != "{":
        raise NoMatch
    extent = JsonExtent()
    while True:
        emit(source.advance(extent.advance(source.text, source.at)))
        source.release()
        if extent.is_complete:
            return
        yield from source.more()


def read_parameters(
    source: Source, part: Parameters, schema: Mapping[str, Any], emit: Emit
) -> Parsing[None]:
    """Parse arguments that are written one by one, up to other text.

    Raises:
        IncompleteText: The text ends within one of them.
    """
    emit("{")
    separator = ""
    while True:
        yield from source.space()
        try:
            yield from source.word(part.opening)
        except NoMatch:
            break
        key = yield from _until(source, part.middle.split()[0])
        yield from source.literal(part.middle)
        if part.middle.endswith("\n"):
            yield from _newline(source)
        emit(f"{separator}{quoted(key.strip())}: ")
        separator = ", "
        yield from _read_value(source, part.closing, types_of(schema, key.strip()), emit)
        yield from source.literal(part.closing)
        source.release()
    emit("}")


def _read_value(source: Source, closing: str, types: frozenset[str], emit: Emit) -> Parsing[None]:
    """Parse a value without quotes; strings are passed on as they come, others once complete."""
    word = closing.split(maxsplit=1)[0]
    ends = (word, "\n" + word) if closing.startswith("\n") else (word,)
    if types != {"string"}:
        text = yield from _until(source, word)
        emit(as_json(text.removesuffix("\n") if len(ends) > 1 else text, types))
        return
    emit('"')
    while word not in source.text[source.at :]:
        held = max(num_overlapping(source.text[source.at :], end) for end in ends)
        emit(escaped(source.advance(len(source.text) - held)))
        source.release()
        yield from source.more()
    text = source.advance(source.text.index(word, source.at))
    emit(escaped(text.removesuffix("\n") if len(ends) > 1 else text) + '"')


def _until(source: Source, word: str) -> Parsing[str]:
    """The text before a word."""
    while (end := source.text.find(word, source.at)) < 0:
        yield from source.more()
    return source.advance(end)


def _newline(source: Source) -> Parsing[None]:
    if (yield from source.peek()) == "\n":
        source.advance(source.at + 1)


def read_quoted_object(source: Source, part: QuotedObject, emit: Emit) -> Parsing[None]:
    """Parse an object with bare keys.

    Raises:
        NoMatch: It is malformed somewhere.
    """
    yield from _QuotedParser(source, part.quote, emit).read_object(_MAX_DEPTH)


class _QuotedParser:
    """Parses values of an object with bare keys."""

    def __init__(self, source: Source, quote: str, emit: Emit) -> None:
        self._source = source
        self._quote = quote
        self._emit = emit

    def read_object(self, depth: int) -> Parsing[None]:
        yield from self._source.word("{")
        self._emit("{")
        yield from self._items("}", depth, has_keys=True)

    def _items(self, closing: str, depth: int, *, has_keys: bool) -> Parsing[None]:
        """Parse members or elements up to the closing bracket."""
        if not depth:
            raise NoMatch
        separator = ""
        while True:
            yield from self._source.space()
            if (yield from self._source.peek()) == closing:
                break
            if separator:
                yield from self._source.literal(",")
                yield from self._source.space()
                self._emit(separator)
            separator = ", "
            if has_keys:
                yield from self._key()
            yield from self._value(depth - 1)
            self._source.release()
        self._source.advance(self._source.at + 1)
        self._emit(closing)

    def _key(self) -> Parsing[None]:
        first = yield from self._source.peek()
        if first in ('"', self._quote[0]):
            yield from self._string()
        else:
            self._emit(quoted((yield from self._source.matching(_BARE_KEY))))
        yield from self._source.literal(":")
        yield from self._source.space()
        self._emit(": ")

    def _value(self, depth: int) -> Parsing[None]:
        first = yield from self._source.peek()
        if first == "{":
            yield from self.read_object(depth)
        elif first == "[":
            self._source.advance(self._source.at + 1)
            self._emit("[")
            yield from self._items("]", depth, has_keys=False)
        elif first in ('"', self._quote[0]):
            yield from self._string()
        else:
            text = yield from self._source.matching(_BARE_VALUE)
            self._emit(as_json(text.strip(), frozenset({"number", "boolean", "null"})))

    def _string(self) -> Parsing[None]:
        if (yield from self._source.peek()) == '"':
            self._emit((yield from json_text(self._source)))
            return
        yield from self._source.word(self._quote)
        self._emit('"')
        while self._quote not in self._source.text[self._source.at :]:
            rest = self._source.text[self._source.at :]
            held = num_overlapping(rest, self._quote)
            self._emit(escaped(self._source.advance(len(self._source.text) - held)))
            self._source.release()
            yield from self._source.more()
        text = self._source.advance(self._source.text.index(self._quote, self._source.at))
        self._emit(escaped(text) + '"')
        yield from self._source.word(self._quote)
