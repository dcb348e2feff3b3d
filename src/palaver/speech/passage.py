"""What of an answer is read aloud: neither its thinking nor its blocks of code."""

from __future__ import annotations

from palaver.chat.families.description import Family
from palaver.chat.parser.answer import AnswerParser
from palaver.chat.parser.events import Content, Event

_FENCE = "```"


class Passage:
    """Lets through what is to be read of a growing answer, however it comes in pieces.

    Thinking is passed over, and so are fenced blocks, which hold code or JSON. An answer that is
    nothing but such blocks is read all the same: then they are the answer.

    Args:
        family: How the model writes, if its thinking stands in the answer, between tags.

    Attributes:
        answer: All of the answer but its thinking.
    """

    def __init__(self, family: Family | None = None) -> None:
        self.answer = ""
        self._parser = AnswerParser(family) if family else None
        self._line = ""  # of the current line, what has not been let through yet
        self._is_fence_possible = True
        self._is_fenced = False
        self._has_text = False

    def feed(self, text: str) -> str:
        """What may be read now."""
        return self._readable(_content(self._parser.feed(text)) if self._parser else text)

    def flush(self) -> str:
        """What may be read besides when the answer has ended."""
        rest = self._readable(_content(self._parser.flush()) if self._parser else "")
        held, self._line = self._line, ""
        if not self._is_fenced and _FENCE not in held:
            rest += held
        if not (self._has_text or rest.strip()):
            return self.answer
        return rest

    def _readable(self, text: str) -> str:
        self.answer += text
        parts = []
        for piece in text.splitlines(keepends=True):
            parts.append(self._piece(piece))
        readable = "".join(parts)
        self._has_text = self._has_text or bool(readable.strip())
        return readable

    def _piece(self, piece: str) -> str:
        """A piece of one line; it may be the line's end, or have one."""
        self._line += piece
        is_whole = piece.endswith("\n")
        begun = self._line.lstrip(" ")
        is_open = self._is_fence_possible and (
            begun.startswith(_FENCE) or (not is_whole and _FENCE.startswith(begun))
        )
        if is_open and not is_whole:
            return ""
        line, self._line = self._line, ""
        self._is_fence_possible = is_whole
        if is_open:
            self._is_fenced = not self._is_fenced
            return ""
        return "" if self._is_fenced else line


def _content(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Content))
