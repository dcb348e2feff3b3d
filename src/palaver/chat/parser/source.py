"""Text that comes in pieces, read as if it were whole.

A reader is a generator that yields where it needs more text than has come. What it finds depends on
the text alone, never on how it was cut, since it decides nothing before it has seen enough.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import TypeAlias, TypeVar

_T = TypeVar("_T")
Steps: TypeAlias = Generator[None, None, _T]
"""A reader that comes to a ``_T``."""

_SPACE = re.compile(r"\s*")


class NotThis(Exception):
    """The text is not what a reader was looking for."""


class CutShort(NotThis):
    """The text ended while it could still have been that."""


class Source:
    """The text that has come and is still needed.

    Attributes:
        text: That text.
        at: Where in it the next reader begins. A reader that finds something else may have moved.
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
        """Forget what has been read, and any limit; earlier places are no longer valid."""
        self.text = self.text[self.at :]
        self.at = 0
        self._limit = None

    def limit(self, length: int) -> None:
        """Let readers fail that go on for more than ``length`` characters from here."""
        self._limit = self.at + length

    def unlimit(self) -> None:
        """Let readers go on as long as they like."""
        self._limit = None

    def advance(self, end: int) -> str:
        """The text up to ``end``, read.

        Raises:
            NotThis: That is more than the limit allows.
        """
        taken = self.text[self.at : end]
        self.at = end
        if self._limit is not None and end > self._limit:
            raise NotThis
        return taken

    def more(self) -> Steps[None]:
        """Wait for more text.

        Raises:
            CutShort: There is none.
        """
        if self.is_ended:
            raise CutShort
        yield

    def peek(self) -> Steps[str]:
        """The next character, unread.

        Raises:
            CutShort: There is none.
        """
        while self.at >= len(self.text):
            yield from self.more()
        return self.text[self.at]

    def space(self) -> Steps[None]:
        """All white space from here."""
        while True:
            match = _SPACE.match(self.text, self.at)
            assert match is not None
            self.advance(match.end())
            if self.at < len(self.text) or self.is_ended:
                return
            yield

    def word(self, word: str) -> Steps[None]:
        """Exactly this text.

        Raises:
            NotThis: Something else comes.
        """
        while not self.text.startswith(word, self.at):
            if not word.startswith(self.text[self.at : self.at + len(word)]):
                raise NotThis
            yield from self.more()
        self.advance(self.at + len(word))

    def literal(self, text: str) -> Steps[None]:
        """The words of a text, with any white space before each, or none.

        Raises:
            NotThis: Something else comes.
        """
        for word in text.split():
            yield from self.space()
            yield from self.word(word)

    def matching(self, pattern: re.Pattern[str]) -> Steps[str]:
        """The longest text of characters that a pattern repeats; at least one.

        Raises:
            NotThis: There is none.
        """
        while True:
            match = pattern.match(self.text, self.at)
            end = match.end() if match else self.at
            if end < len(self.text) or self.is_ended:
                break
            yield
        if end == self.at:
            raise CutShort if self.at >= len(self.text) else NotThis
        return self.advance(end)
