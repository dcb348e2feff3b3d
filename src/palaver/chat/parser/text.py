"""Text on its way out, without the white space that belongs to markup."""

from __future__ import annotations

from collections.abc import Callable


class TextSink:
    """Passes text on; white space beside markup is left out.

    Args:
        emit: Takes each text, never an empty one.
        holds_space: Whether white space at the end waits for what follows: markup swallows it.
    """

    def __init__(self, emit: Callable[[str], None], *, holds_space: bool) -> None:
        self._emit = emit
        self._holds_space = holds_space
        self._held = ""
        self._skipped = ""
        self._is_behind_markup = False
        self._is_behind_call = False

    def write(self, text: str) -> None:
        """Some more text."""
        if self._is_behind_markup or self._is_behind_call:
            rest = text.lstrip()
            if not rest:
                self._skipped += text
                return
            text = rest
        self._is_behind_markup = self._is_behind_call = False
        self._skipped = ""
        text = self._held + text
        end = len(text.rstrip()) if self._holds_space else len(text)
        self._held = text[end:]
        if end:
            self._emit(text[:end])

    def skip_space(self) -> None:
        """Markup has come, and this text begins behind it."""
        self._is_behind_markup = True
        self._skipped = ""

    def drop_space(self) -> None:
        """Markup comes: the white space before it is not text."""
        self._held = self._skipped = ""

    def pass_call(self) -> None:
        """A call has come: the white space before it is text only if text follows."""
        self._is_behind_call = True

    def flush(self, *, is_stopped: bool = False) -> None:
        """The text is over.

        Args:
            is_stopped: Whether a stop string has ended it, which is always part of the text: white
                space behind thinking, too, then.
        """
        if self._skipped and is_stopped and not self._is_behind_call:
            self._emit(self._skipped)
        if self._held and not self._is_behind_call:
            self._emit(self._held)
        self._held = self._skipped = ""
