"""Builds the grammar of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from palaver.chat.families.description import Family
from palaver.chat.grammar.calls import CallGrammar
from palaver.chat.grammar.lark import NOTHING, Lark, escaped, without
from palaver.chat.parser.answer import call_beginnings
from palaver.chat.tokenizer import Tokenizer
from palaver.chat.tools.tool import Tool

_GAP = r"/[ \n]{1,3}/"
"""White space between thinking and what follows, which belongs to neither."""
_SPACE = r"[\s\x1c-\x1f]*"


class Thinking(Enum):
    """Whether thinking may precede the answer."""

    NONE = "none"
    POSSIBLE = "possible"
    OPENED = "opened"


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """What an answer may consist of, after any thinking.

    Attributes:
        schema: A checked schema that the text has to match; ``None`` allows any text.
        tools: The tools that may be called.
        can_be_text: Whether it may be text, with or without calls after it.
        is_parallel: Whether there may be several calls.
    """

    schema: Mapping[str, Any] | None = None
    tools: Sequence[Tool] = ()
    can_be_text: bool = True
    is_parallel: bool = True


def answer_grammar(
    family: Family, tokenizer: Tokenizer, rules: AnswerRules, thinking: Thinking
) -> str:
    """The grammar, in llguidance's Lark (spec rows S31 to S35, S37).

    Args:
        family: The model's family.
        tokenizer: The model's tokenizer.
        rules: What the answer may consist of.
        thinking: Whether the model may begin to think, or the prompt has begun it already.

    Raises:
        InvalidRequest: A strict tool cannot be enforced in the family's format.
    """
    lark = Lark(tokenizer, family.literals)
    writer = _ChannelsWriter if family.answer.opening else _AnswerWriter
    return lark.source(writer(lark, family, rules).start(thinking))


class _AnswerWriter:
    """Writes the grammar of an answer without markup around it."""

    def __init__(self, lark: Lark, family: Family, rules: AnswerRules) -> None:
        self._lark = lark
        self._family = family
        self._rules = rules
        self._marks = call_beginnings(family)
        self._calls: CallGrammar | None = None
        if rules.tools:
            is_parallel = rules.is_parallel
            self._calls = CallGrammar(lark, family.calls, rules.tools, is_parallel=is_parallel)

    def start(self, thinking: Thinking) -> str:
        """Thinking, if it is allowed, and what follows it."""
        after = self._lark.rule(self.after_thinking())
        tags = self._family.thinking
        if tags is None or thinking is Thinking.NONE:
            return after
        is_bare = bool(self._calls and not self._calls.mark)
        gap = f"{self._lark.lexeme(_GAP)}? " if is_bare or not self._is_free else ""
        endings = {tags.closing.strip(): gap + after}
        if self._calls and self._calls.mark:
            endings[self._calls.mark] = self._calls.rest
        thought = self._lark.until(endings, self._other_marks)
        if thinking is Thinking.OPENED:
            return thought
        first = f"{self._lark.lexeme(_GAP)}?"
        return f"{after} | {first} {self._lark.written(tags.opening.strip())} {thought}"

    def after_thinking(self) -> str:
        """Text, calls or both."""
        if not self._rules.can_be_text:
            assert self._calls is not None
            return self._calls.whole
        if self._rules.schema is not None:
            text = self._lark.json(self._rules.schema)
            return f"{text} | {self._calls.whole}" if self._calls else text
        if self._calls is None:
            return f"{self.free_text()}?"
        if not self._calls.mark:
            return f"{self._calls.whole} | {self.free_text()}?"
        return f"{self._lark.until({self._calls.mark: self._calls.rest}, self._other_marks)} | " + (
            f"{self.free_text()}?"
        )

    def free_text(self) -> str:
        """Text up to the answer's end that has nothing like a call in it."""
        marks = [mark for mark in self._marks if mark != "{"]
        text = f"/(?s:.+)/{without(marks)}"
        if "{" in self._marks and self._rules.tools:
            names = "|".join(escaped(tool.name) for tool in self._rules.tools)
            call = rf'\{{{_SPACE}"name"{_SPACE}:{_SPACE}"({names})"'
            text += rf" & ~/{_SPACE}\{{(?s:.*)/ & ~/(?s:.*)\n{_SPACE}{call}(?s:.*)/"
        return self._lark.lexeme(text)

    @property
    def _is_free(self) -> bool:
        return self._rules.can_be_text and self._rules.schema is None

    @property
    def _other_marks(self) -> list[str]:
        """Texts that begin calls in other syntaxes than the canonical one."""
        mine = self._calls.mark if self._calls else ""
        return [mark for mark in self._marks if mark not in (mine, "{")]


class _ChannelsWriter(_AnswerWriter):
    """Writes the grammar of an answer whose messages are in channels."""

    def start(self, thinking: Thinking) -> str:
        """Any number of thoughts, then the answer; the prompt does not matter."""
        del thinking
        body = self._lark.rule(self._body())
        tags = self._family.thinking
        if tags is None:
            return body
        head = self._lark.written(tags.opening)
        tail = self._lark.written(tags.after) if tags.after else NOTHING
        thought = self._lark.rule(f"{head} {self._lark.until({tags.closing: tail})}")
        return f"{thought}* {body}"

    def _body(self) -> str:
        markup = self._family.answer
        final = f"{self._lark.written(markup.opening)} "
        if not self._family.knows_tools:
            return final + f"({self.after_thinking()})"
        options = []
        if self._rules.can_be_text:
            schema = self._rules.schema
            text = f"{self.free_text()}?" if schema is None else self._lark.json(schema)
            options.append(final + text)
        if self._calls:
            options.append(self._calls.whole)
            opening = self._lark.written(markup.preamble_opening)
            word = self._family.thinking.closing if self._family.thinking else ""
            rest = self._lark.written(markup.preamble_closing.removeprefix(word))
            leading = self._lark.until({word: f"{rest} {self._calls.whole}"})
            options.append(f"{opening} {leading}")
        return " | ".join(options)
