"""Parses the text of an answer as it comes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from palaver.chat.families.description import Family, JsonCall, Literal, ThinkingFormat
from palaver.chat.parser.call import CallParser
from palaver.chat.parser.events import Content, Event, Reasoning, merged
from palaver.chat.parser.marks import Marks
from palaver.chat.parser.source import IncompleteText, NoMatch, Parsing, Source
from palaver.chat.parser.text import TextSink
from palaver.chat.tools.tool import Tool


def opening_in(prompt: str, thinking: ThinkingFormat | None) -> str:
    """The opening tag that the template has put at the prompt's end, ``""`` if there is none."""
    if thinking is None:
        return ""
    tag = re.escape(thinking.opening.strip())
    match = re.search(tag + r"\s*\Z", prompt)
    return match[0] if match else ""


class AnswerParser:
    """Splits an answer into thinking, content and calls (spec rows S31, S37).

    The events do not depend on how the text is cut into pieces. White space beside thinking and
    calls belongs to neither. Text that looks like a call but is none stays as it is.

    Args:
        family: The model's family.
        tools: What it may call; without any, what looks like a call is text.
        opening: The thinking tag that the prompt has opened, or ``""``.
        is_separate: Whether thinking is separate; otherwise it stays in the content, between the
            model's own tags.
        new_id: The id of a call, by its index.

    Attributes:
        is_thinking: Whether the text so far ends within thinking.
        is_calling: Whether it ends within a call, or what may be one.
    """

    def __init__(
        self,
        family: Family,
        *,
        tools: Sequence[Tool] = (),
        opening: str = "",
        is_separate: bool = True,
        new_id: Callable[[int], str] = "call_{}".format,
    ) -> None:
        self._events: list[Event] = []
        self._source = Source()
        self._thinking = family.thinking
        self._markup = sorted(family.answer.markup, key=len, reverse=True)
        by_name = {tool.name: tool for tool in tools}
        self._calls = CallParser(self._source, family.calls, by_name, self._events.append, new_id)
        begins = call_beginnings(family) if tools else ()
        opens = family.thinking.opening.strip() if family.thinking else ""
        self._closing = family.thinking.closing.strip() if family.thinking else ""
        self._again = opens if family.thinking and family.thinking.is_anywhere else ""
        self._content_marks = Marks((*begins, *self._markup, self._again))
        self._thought_marks = Marks((*begins, *self._markup, self._closing))
        self._content = TextSink(self._emit_content, holds_space=bool(begins))
        self._reasoning = (
            TextSink(self._emit_reasoning, holds_space=True) if is_separate else self._content
        )
        self._is_separate = is_separate
        self._is_line_start = True
        self._is_cut = False
        self.is_thinking = False
        self.is_calling = False
        if opening:
            self._open(opening)
        self._steps = self._run()

    @property
    def num_calls(self) -> int:
        """Calls that have begun."""
        return self._calls.num_calls

    def feed(self, text: str) -> list[Event]:
        """The events that are certain with this text."""
        self._source.feed(text)
        next(self._steps, None)
        return self._taken()

    def flush(self, *, is_cut: bool = False, is_stopped: bool = False) -> list[Event]:
        """The events that were held back when the answer ended.

        Args:
            is_cut: Whether it ended before the model was done: the beginning of a call that
                still has no name is left out then.
            is_stopped: Whether a stop string has ended it.
        """
        self._is_cut = is_cut
        self._source.is_ended = True
        next(self._steps, None)
        self._reasoning.flush(is_stopped=is_stopped)
        self._content.flush(is_stopped=is_stopped)
        return self._taken()

    def _taken(self) -> list[Event]:
        events = merged(self._events)
        self._events.clear()
        return events

    def _run(self) -> Parsing[None]:
        """Parse the whole answer; its end raises :class:`IncompleteText`."""
        try:
            if not self.is_thinking and self._thinking and not self._again:
                yield from self._first_thought(self._thinking)
            while True:
                marks = self._thought_marks if self.is_thinking else self._content_marks
                source = self._source
                end, is_mark = marks.find(source.text, source.at, is_ended=source.is_ended)
                self._write(source.advance(end))
                source.release()
                yield from self._mark() if is_mark else source.more()
        except IncompleteText:
            return

    def _first_thought(self, thinking: ThinkingFormat) -> Parsing[None]:
        """Parse the opening tag, if the answer begins with one; later on it is text."""
        start = self._source.at
        yield from self._source.space()
        if (yield from self._comes(thinking.opening.strip())):
            self._open(self._source.text[start : self._source.at])
        else:
            self._source.at = start

    def _mark(self) -> Parsing[None]:
        """Parse what begins where one of the marks has been found."""
        if self.is_thinking and (yield from self._comes(self._closing)):
            self._close(self._closing)
        elif (yield from self._call_comes()):
            (self._reasoning if self.is_thinking else self._content).pass_call()
        elif not self.is_thinking and (yield from self._comes(self._again)):
            self._open(self._again)
        elif (yield from self._markup_comes()):
            if self.is_thinking:
                self._close("")
        else:
            self._write(self._source.advance(self._source.at + 1))

    def _comes(self, word: str) -> Parsing[bool]:
        """Whether exactly this came next, and has been consumed."""
        start = self._source.at
        try:
            yield from self._source.word(word)
        except NoMatch:
            self._source.at = start
            return False
        return bool(word)

    def _markup_comes(self) -> Parsing[bool]:
        for word in self._markup:
            if (yield from self._comes(word)):
                return True
        return False

    def _call_comes(self) -> Parsing[bool]:
        """Whether calls came next, and have been consumed."""
        is_bare = self._source.text.startswith("{", self._source.at)
        if not self._calls.has_tools or (is_bare and not self._is_line_start):
            return False
        num_before = self._calls.num_calls
        self.is_calling = True
        try:
            yield from self._calls.read()
        except IncompleteText:
            if self._is_cut:
                self._source.advance(len(self._source.text))
                return True
            return self._calls.num_calls > num_before
        except NoMatch:
            return False
        finally:
            self.is_calling = False
        return True

    def _open(self, tag: str) -> None:
        self.is_thinking = True
        if self._is_separate:
            self._content.drop_space()
            self._reasoning.skip_space()
        else:
            self._content.write(tag)

    def _close(self, tag: str) -> None:
        self.is_thinking = False
        self._is_line_start = True
        if self._is_separate:
            self._reasoning.drop_space()
            self._content.skip_space()
        elif tag:
            self._content.write(tag)

    def _write(self, text: str) -> None:
        if text:
            line = text.rpartition("\n")[2]
            self._is_line_start = (self._is_line_start or line != text) and not line.strip()
            (self._reasoning if self.is_thinking else self._content).write(text)

    def _emit_content(self, text: str) -> None:
        self._events.append(Content(text))

    def _emit_reasoning(self, text: str) -> None:
        self._events.append(Reasoning(text))


def call_beginnings(family: Family) -> tuple[str, ...]:
    """The texts with which calls begin; the first is the canonical one."""
    words = family.calls.begin.split(maxsplit=1)[:1]
    for syntax in family.calls.syntaxes:
        first = syntax[0]
        if isinstance(first, Literal):
            words.append(first.text.split(maxsplit=1)[0])
        elif isinstance(first, JsonCall) and not family.calls.begin:
            words.append("{")
    return tuple(dict.fromkeys(words))
