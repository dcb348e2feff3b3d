"""Stop strings: found also across tokens, and no text after them is passed on."""

from __future__ import annotations

from collections.abc import Sequence


class StopMatcher:
    """Passes text on up to and including the first stop string (spec row S23).

    Text that may be the beginning of a stop string is held back until that is certain.

    Args:
        stops: The strings, none of them empty.

    Attributes:
        is_matched: Whether a stop string is complete.
        dropped: Text after the match that came together with its end.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held = ""
        self.is_matched = False
        self.dropped = ""

    def feed(self, text: str) -> str:
        """The text that may be shown now; sets :attr:`is_matched` at the end of a stop string."""
        if self.is_matched or not self._stops:
            return "" if self.is_matched else text
        text = self._held + text
        ends = [text.find(stop) + len(stop) for stop in self._stops if stop in text]
        if ends:
            self.is_matched = True
            self._held = ""
            self.dropped = text[min(ends) :]
            return text[: min(ends)]
        cut = len(text) - self._num_undecided(text)
        self._held = text[cut:]
        return text[:cut]

    def resume(self) -> str:
        """Undo a match; returns the text that was dropped after it, to be fed again."""
        self.is_matched = False
        dropped, self.dropped = self.dropped, ""
        return dropped

    def flush(self) -> str:
        """The text that was held back, when the answer ended otherwise."""
        held, self._held = self._held, ""
        return held

    def _num_undecided(self, text: str) -> int:
        """Length of the longest end of ``text`` that begins a stop string."""
        return max(num_overlapping(text, stop) for stop in self._stops)


def num_overlapping(text: str, marker: str) -> int:
    """Length of the longest end of ``text`` that begins ``marker`` without being all of it."""
    for num in range(min(len(text), len(marker) - 1), 0, -1):
        if text.endswith(marker[:num]):
            return num
    return 0
