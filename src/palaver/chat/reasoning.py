"""Thinking told apart from the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from palaver.chat.stop import num_overlapping

OPEN = "<think>"
CLOSE = "</think>"
_OPENED_BY_PROMPT = re.compile(re.escape(OPEN) + r"\s*\Z")


def opening_in(prompt: str) -> str:
    """The opening tag that a template has put at the prompt's end, ``""`` if there is none."""
    match = _OPENED_BY_PROMPT.search(prompt)
    return match[0] if match else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some more text of an answer.

    Attributes:
        content: The answer proper.
        reasoning: The thinking before it, without tags.
    """

    content: str = ""
    reasoning: str = ""


class ReasoningSplitter:
    """Cuts streamed text into thinking and answer.

    White space next to the tags belongs to neither. Tags are looked for only at the beginning:
    an answer that talks about ``<think>`` later on is left as it is.

    Args:
        is_open: Whether the prompt has already opened the thinking.
    """

    def __init__(self, is_open: bool) -> None:
        self.is_thinking = is_open
        self._is_undecided = not is_open
        self._is_at_start = True
        self._held = ""

    def feed(self, text: str) -> Piece:
        """What of the text so far is certain."""
        self._held += text
        if self._is_undecided and not self._decide():
            return Piece()
        reasoning = self._take_reasoning() if self.is_thinking else ""
        return Piece("" if self.is_thinking else self._take_content(), reasoning)

    def flush(self) -> Piece:
        """What was held back when the answer ended."""
        held, self._held = self._held, ""
        return Piece(reasoning=held) if self.is_thinking else Piece(content=held)

    def _decide(self) -> bool:
        """Whether it is known by now if the text begins with thinking."""
        begun = self._held.lstrip()
        if begun.startswith(OPEN):
            self._held = begun.removeprefix(OPEN)
            self.is_thinking = True
        elif OPEN.startswith(begun):
            return False
        else:
            self._is_at_start = False
        self._is_undecided = False
        return True

    def _take_reasoning(self) -> str:
        if self._is_at_start:
            self._held = self._held.lstrip()
            self._is_at_start = not self._held
        before, tag, after = self._held.partition(CLOSE)
        if tag:
            self.is_thinking = False
            self._is_at_start = True
            self._held = after
            return before.rstrip()
        cut = len(before[: len(before) - num_overlapping(before, CLOSE)].rstrip())
        self._held = before[cut:]
        return before[:cut]

    def _take_content(self) -> str:
        if self._is_at_start:
            self._held = self._held.lstrip()
            self._is_at_start = not self._held
        content, self._held = self._held, ""
        return content
