"""The part of an answer that is spoken: neither its thinking nor its code blocks."""

from __future__ import annotations

from palaver.chat.families.description import Family
from palaver.chat.parser.answer import AnswerParser
from palaver.chat.parser.events import Content, Event

_FENCE = "```"


class SpokenText:
    """Filters the text that is spoken out of an answer, while it is written.

    Thinking is left out, and so are fenced blocks, which hold code or JSON. An answer that consists
    of such blocks only is spoken nevertheless.

    Args:
        family: The model's family, if the text contains its thinking between tags.

    Attributes:
        answer: The whole answer without its thinking.
    """

    def __init__(self, family: Family | None = None) -> None:
        self.answer = ""
        self._parser = AnswerParser(family) if family else None
        self._line = ""  # the part of the current line that is held back
        self._is_fence_possible = True
        self._is_fenced = False
        self._has_text = False

    def feed(self, text: str) -> str:
        """Take more of the answer; returns the text that can be spoken now."""
        return self._readable(_content(self._parser.feed(text)) if self._parser else text)

    def flush(self) -> str:
        """End the answer; returns the rest of the text that is spoken."""
        rest = self._readable(_content(self._parser.flush()) if self._parser else "")
        held, self._line = self._line, ""
        if not self._is_fenced and _FENCE not in held:
            rest += held
        if not (self._has_text or rest.strip()):
            return self.answer
        return rest

    def _readable(self, text: str) -> str:
        self.answer += text
        readable = "".join(map(self._line_part, text.splitlines(keepends=True)))
        self._has_text = self._has_text or bool(readable.strip())
        return readable

    def _line_part(self, part: str) -> str:
        """The text to speak after a further part of the current line."""
        self._line += part
        is_whole = part.endswith("\n")
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
