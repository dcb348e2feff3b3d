"""Text that comes in pieces, parsed as if it were whole.

A parser is a generator that yields where it needs more text than has come. Its result depends on
the text alone, never on how it was cut, since it decides nothing before it has seen enough.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TypeAlias, TypeVar

_T = TypeVar("_T")
Parsing: TypeAlias = Generator[None, None, _T]
"""A generator that parses and returns a ``_T``."""

_SPACE = re.compile(r"\s*")


class NoMatch(Exception):
    """The text is not what the parser expects."""


class IncompleteText(NoMatch):
    """The text ended before it was certain whether it is."""


class Source:
    """The text that has come and is still needed.

    Attributes:
        text: That text.
        at: Where in it the next parser begins. A parser that does not match may have moved it.
        is_ended: Whether nothing more will come.
    """

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.is_ended = False
        self._limit: int | None = None

    def feed(self, text: str) -> None:
        """Add a piece."""
        self.text += text

    def release(self) -> None:
        """Drop what has been consumed, and any limit; earlier positions are no longer valid."""
        self.text = self.text[self.at :]
        self.at = 0
        self._limit = None

    def limit(self, length: int) -> None:
        """Make parsers fail that need more than ``length`` characters from here."""
        self._limit = self.at + length

    def unlimit(self) -> None:
        """Remove the limit."""
        self._limit = None

    def advance(self, end: int) -> str:
        """Consume and return the text up to ``end``.

        Raises:
            NoMatch: That is more than the limit allows.
        """
        taken = self.text[self.at : end]
        self.at = end
        if self._limit is not None and end > self._limit:
            raise NoMatch
        return taken

    def more(self) -> Parsing[None]:
        """Wait for more text.

        Raises:
            IncompleteText: There is none.
        """
        if self.is_ended:
            raise IncompleteText
        yield

    def peek(self) -> Parsing[str]:
        """The next character, which is not consumed.

        Raises:
            IncompleteText: There is none.
        """
        while self.at >= len(self.text):
            yield from self.more()
        return self.text[self.at]

    def space(self) -> Parsing[None]:
        """Consume all white space from here."""
        while True:
            match = _SPACE.match(self.text, self.at)
            assert match is not None
            self.advance(match.end())
            if self.at < len(self.text) or self.is_ended:
                return
            yield

    def word(self, word: str) -> Parsing[None]:
        """Consume exactly this text.

        Raises:
            NoMatch: Something else comes.
        """
        while not self.text.startswith(word, self.at):
            if not word.startswith(self.text[self.at : self.at + len(word)]):
                raise NoMatch
            yield from self.more()
        self.advance(self.at + len(word))

    def literal(self, text: str) -> Parsing[None]:
        """Consume the words of a text, with or without white space before each.

        Raises:
            NoMatch: Something else comes.
        """
        for word in text.split():
            yield from self.space()
            yield from self.word(word)

    def matching(self, pattern: re.Pattern[str]) -> Parsing[str]:
        """Consume the longest text that repeats a pattern of one character, at least once.

        Raises:
            NoMatch: The first character does not match.
        """
        while True:
            match = pattern.match(self.text, self.at)
            end = match.end() if match else self.at
            if end < len(self.text) or self.is_ended:
                break
            yield
        if end == self.at:
            raise IncompleteText if self.at >= len(self.text) else NoMatch
        return self.advance(end)
