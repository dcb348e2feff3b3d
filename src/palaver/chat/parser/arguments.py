"""A call's arguments, read as they come and told as JSON."""

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
from palaver.chat.parser.source import NotThis, Source, Steps
from palaver.chat.parser.value_types import as_json, quoted, types_of
from palaver.chat.stop import num_overlapping

Tell = Callable[[str], None]
"""Takes more of the arguments' JSON text."""

_BARE_KEY = re.compile(r"[^\s:,{}\[\]<>\"]+")
_BARE_VALUE = re.compile(r"[^,{}\[\]<>\"]+")
_MAX_DEPTH = 60


def read_json(source: Source, tell: Tell) -> Steps[None]:
    """An object, told as it is written; also one inside a string, or ``null`` for an empty one.

    Raises:
        NotThis: Something else begins here.
    """
    first = yield from source.peek()
    if first == '"':
        tell(string_value((yield from json_text(source))))
        return
    if first == "n":
        yield from source.word("null")
        tell("{}")
        return
    if first != "{":
        raise NotThis
    extent = JsonExtent()
    while True:
        tell(source.advance(extent.advance(source.text, source.at)))
        source.release()
        if extent.is_complete:
            return
        yield from source.more()


def read_parameters(
    source: Source, form: Parameters, schema: Mapping[str, Any], tell: Tell
) -> Steps[None]:
    """Arguments that stand one by one, up to whatever else comes.

    Raises:
        CutShort: The text ends within one of them.
    """
    tell("{")
    separator = ""
    while True:
        yield from source.space()
        try:
            yield from source.word(form.opening)
        except NotThis:
            break
        key = yield from _until(source, form.middle.split()[0])
        yield from source.literal(form.middle)
        if form.middle.endswith("\n"):
            yield from _newline(source)
        tell(f"{separator}{quoted(key.strip())}: ")
        separator = ", "
        yield from _read_value(source, form.closing, types_of(schema, key.strip()), tell)
        yield from source.literal(form.closing)
        source.release()
    tell("}")


def _read_value(source: Source, closing: str, types: frozenset[str], tell: Tell) -> Steps[None]:
    """A bare value; strings are told as they come, everything else once it is whole."""
    word = closing.split(maxsplit=1)[0]
    ends = (word, "\n" + word) if closing.startswith("\n") else (word,)
    if types != {"string"}:
        text = yield from _until(source, word)
        tell(as_json(text.removesuffix("\n") if len(ends) > 1 else text, types))
        return
    tell('"')
    while word not in source.text[source.at :]:
        held = max(num_overlapping(source.text[source.at :], end) for end in ends)
        tell(escaped(source.advance(len(source.text) - held)))
        source.release()
        yield from source.more()
    text = source.advance(source.text.index(word, source.at))
    tell(escaped(text.removesuffix("\n") if len(ends) > 1 else text) + '"')


def _until(source: Source, word: str) -> Steps[str]:
    """The text before a word."""
    while (end := source.text.find(word, source.at)) < 0:
        yield from source.more()
    return source.advance(end)


def _newline(source: Source) -> Steps[None]:
    if (yield from source.peek()) == "\n":
        source.advance(source.at + 1)


def read_quoted_object(source: Source, form: QuotedObject, tell: Tell) -> Steps[None]:
    """An object with bare keys.

    Raises:
        NotThis: It is malformed somewhere.
    """
    yield from _Quoted(source, form.quote, tell).read_object(_MAX_DEPTH)


class _Quoted:
    """Reads values of an object with bare keys."""

    def __init__(self, source: Source, quote: str, tell: Tell) -> None:
        self._source = source
        self._quote = quote
        self._tell = tell

    def read_object(self, depth: int) -> Steps[None]:
        yield from self._source.word("{")
        self._tell("{")
        yield from self._items("}", depth, has_keys=True)

    def _items(self, closing: str, depth: int, *, has_keys: bool) -> Steps[None]:
        """Members or elements up to the closing bracket."""
        if not depth:
            raise NotThis
        separator = ""
        while True:
            yield from self._source.space()
            if (yield from self._source.peek()) == closing:
                break
            if separator:
                yield from self._source.literal(",")
                yield from self._source.space()
                self._tell(separator)
            separator = ", "
            if has_keys:
                yield from self._key()
            yield from self._value(depth - 1)
            self._source.release()
        self._source.advance(self._source.at + 1)
        self._tell(closing)

    def _key(self) -> Steps[None]:
        first = yield from self._source.peek()
        if first in ('"', self._quote[0]):
            yield from self._string()
        else:
            self._tell(quoted((yield from self._source.matching(_BARE_KEY))))
        yield from self._source.literal(":")
        yield from self._source.space()
        self._tell(": ")

    def _value(self, depth: int) -> Steps[None]:
        first = yield from self._source.peek()
        if first == "{":
            yield from self.read_object(depth)
        elif first == "[":
            self._source.advance(self._source.at + 1)
            self._tell("[")
            yield from self._items("]", depth, has_keys=False)
        elif first in ('"', self._quote[0]):
            yield from self._string()
        else:
            text = yield from self._source.matching(_BARE_VALUE)
            self._tell(as_json(text.strip(), frozenset({"number", "boolean", "null"})))

    def _string(self) -> Steps[None]:
        if (yield from self._source.peek()) == '"':
            self._tell((yield from json_text(self._source)))
            return
        yield from self._source.word(self._quote)
        self._tell('"')
        while self._quote not in self._source.text[self._source.at :]:
            rest = self._source.text[self._source.at :]
            held = num_overlapping(rest, self._quote)
            self._tell(escaped(self._source.advance(len(self._source.text) - held)))
            self._source.release()
            yield from self._source.more()
        text = self._source.advance(self._source.text.index(self._quote, self._source.at))
        self._tell(escaped(text) + '"')
        yield from self._source.word(self._quote)
