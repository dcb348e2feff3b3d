"""Passes text on without the white space that belongs to markup."""

from __future__ import annotations

from collections.abc import Callable


class TextSink:
    """Passes text on, without white space beside markup.

    Args:
        emit: Called with each text, which is never empty.
        holds_space: Whether white space at the end is held back until it is known what follows:
            before markup it is dropped.
    """

    def __init__(self, emit: Callable[[str], None], *, holds_space: bool) -> None:
        self._emit = emit
        self._holds_space = holds_space
        self._held = ""
        self._skipped = ""
        self._is_behind_markup = False
        self._is_behind_call = False

    def write(self, text: str) -> None:
        """Add text."""
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
        """Drop white space at the beginning, which follows markup."""
        self._is_behind_markup = True
        self._skipped = ""

    def drop_space(self) -> None:
        """Drop white space at the end, since markup follows."""
        self._held = self._skipped = ""

    def pass_call(self) -> None:
        """Note a call: the white space before it is text only if text follows."""
        self._is_behind_call = True

    def flush(self, *, is_stopped: bool = False) -> None:
        """End the text.

        Args:
            is_stopped: Whether a stop string has ended it, which is always part of the text, even
                white space after thinking.
        """
        if self._skipped and is_stopped and not self._is_behind_call:
            self._emit(self._skipped)
        if self._held and not self._is_behind_call:
            self._emit(self._held)
        self._held = self._skipped = ""
