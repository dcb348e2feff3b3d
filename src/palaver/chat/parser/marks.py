"""Finds the texts at which markup may begin, as text comes in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from palaver.chat.stop import num_overlapping


class Marks:
    """Looks for the first of several texts.

    Args:
        words: The texts; empty ones are ignored.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(sorted({word for word in words if word}, key=len, reverse=True))
        self._pattern = re.compile("|".join(map(re.escape, self._words)))

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def find(self, text: str, at: int, *, is_ended: bool) -> tuple[int, bool]:
        """The end of what is certainly plain text, and whether one of the texts begins there."""
        if not self._words:
            return len(text), False
        match = self._pattern.search(text, at)
        hit = match.start() if match else len(text)
        if not is_ended:
            rest = text[at:]
            undecided = len(text) - max(num_overlapping(rest, word) for word in self._words)
            if undecided < hit:
                return undecided, False
        return hit, match is not None
