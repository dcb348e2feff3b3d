"""JSON in text that comes in pieces: where values end, and their content."""

from __future__ import annotations

import json
import re

from palaver.chat.parser.source import NoMatch, Parsing, Source

_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'["\\]')
_BARE = re.compile(r"[^\s,{}\[\]\"]+")


class JsonExtent:
    """Finds the end of an object, an array or a string.

    Attributes:
        is_complete: Whether the end has been seen.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._is_string = False
        self._is_escaped = False
        self.is_complete = False

    def advance(self, text: str, at: int) -> int:
        """Where in ``text`` the value ends, or where the text does."""
        if self._is_escaped and at < len(text):
            self._is_escaped = False
            at += 1
        while not self.is_complete:
            match = (_INSIDE if self._is_string else _OUTSIDE).search(text, at)
            if match is None:
                return len(text)
            at = match.end()
            if match[0] == "\\":
                self._is_escaped = at == len(text)
                at = min(at + 1, len(text))
            elif match[0] == '"':
                self._is_string = not self._is_string
            else:
                self._depth += 1 if match[0] in "{[" else -1
            self.is_complete = self._depth <= 0 and not self._is_string
        return at


def json_text(source: Source) -> Parsing[str]:
    """A whole value, as it is written.

    Raises:
        NoMatch: No value begins here.
    """
    first = yield from source.peek()
    if first not in '{["':
        return (yield from source.matching(_BARE))
    extent = JsonExtent()
    text = ""
    while True:
        text += source.advance(extent.advance(source.text, source.at))
        if extent.is_complete:
            return text
        yield from source.more()


def json_string(source: Source) -> Parsing[str]:
    """Parse a string; returns its content.

    Raises:
        NoMatch: Something else begins here, or the string is not valid.
    """
    if (yield from source.peek()) != '"':
        raise NoMatch
    return string_value((yield from json_text(source)))


def string_value(text: str) -> str:
    """The content of a string in JSON.

    Raises:
        NoMatch: It is not valid.
    """
    try:
        value = json.loads(text, strict=False)
    except ValueError as error:
        raise NoMatch from error
    if not isinstance(value, str):
        raise NoMatch
    return value


def escaped(text: str) -> str:
    """Text as it is written between the quotes of a string in JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1]
