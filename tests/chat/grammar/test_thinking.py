"""Grammars that cover both thinking and answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from llguidance import LLMatcher, LLTokenizer

from palaver.chat.families.catalogue import FAMILIES, HERMES
from palaver.chat.families.description import Family
from palaver.chat.grammar.answer import AnswerRules, Thinking, answer_grammar
from palaver.chat.parser.answer import AnswerParser
from palaver.chat.parser.events import Content
from palaver.chat.schema import JSON_OBJECT
from palaver.chat.tokenizer import Tokenizer
from palaver.generation.grammar_limits import LIMITS
from palaver.models.catalogue import BUILT_IN_FOLDER

PATH = BUILT_IN_FOLDER / "tokenizer.json"
TEXT = PATH.read_text(encoding="utf-8")
TOKENIZER = Tokenizer(TEXT)
STOP = 2
ANSWER = '{"a": 1}'


@cache
def vocabulary() -> LLTokenizer:
    return LLTokenizer(PATH.read_text(encoding="utf-8"), eos_token=[STOP])


def matcher(thinking: Thinking) -> LLMatcher:
    source = answer_grammar(HERMES, TOKENIZER, AnswerRules(JSON_OBJECT), thinking)
    made = LLMatcher(vocabulary(), LLMatcher.grammar_from_lark(source), limits=LIMITS)
    assert not made.is_error(), made.get_error()
    return made


def may_follow(made: LLMatcher, token_id: int) -> bool:
    bits = np.frombuffer(made.compute_bitmask(), dtype=np.uint8)
    return bool(np.unpackbits(bits, bitorder="little")[token_id])


def takes(thinking: Thinking, text: str) -> bool:
    made = matcher(thinking)
    tokens = TOKENIZER.encode(text)
    taken = made.try_consume_tokens(tokens)
    return bool(taken == len(tokens) and made.is_accepting())


@pytest.mark.spec("S34")
@pytest.mark.parametrize(
    ("thinking", "text", "is_taken"),
    [
        (Thinking.NONE, ANSWER, True),
        (Thinking.NONE, f"<think>\nHm.\n</think>\n\n{ANSWER}", False),
        (Thinking.POSSIBLE, ANSWER, True),
        (Thinking.POSSIBLE, f"<think>\nHm.\n</think>\n\n{ANSWER}", True),
        (Thinking.POSSIBLE, f"Hm.\n</think>\n\n{ANSWER}", False),
        (Thinking.OPENED, ANSWER, False),
        (Thinking.OPENED, f"</think>{ANSWER}", True),
        (Thinking.OPENED, f'\n{{"not": the answer}}\n</think>\n\n{ANSWER}', True),
        (Thinking.OPENED, f"\nHm.\n</think>\n\nThe answer is {ANSWER}", False),
        (Thinking.OPENED, f"\nHm.\n</think>\n\n{ANSWER}\n", False),
    ],
)
def test_the_response_format_applies_to_the_answer_and_not_to_the_thinking(
    thinking: Thinking, text: str, is_taken: bool
) -> None:
    assert takes(thinking, text) == is_taken


def test_thinking_cannot_end_the_answer() -> None:
    made = matcher(Thinking.OPENED)
    made.consume_tokens(TOKENIZER.encode("\nHm."))
    assert not may_follow(made, STOP)


def test_the_closing_tag_cannot_be_spelt_out_within_the_thinking() -> None:
    made = matcher(Thinking.OPENED)
    spelt = [token for part in ("</", "think") for token in TOKENIZER.encode(part)]
    (last,) = TOKENIZER.encode(">")
    assert made.try_consume_tokens(spelt) == len(spelt)
    assert not may_follow(made, last)


def test_a_tag_that_is_not_a_token_is_treated_as_text() -> None:
    class Plain(Tokenizer):
        marker_tokens: Mapping[int, str] = {}

    source = answer_grammar(HERMES, Plain(TEXT), AnswerRules(JSON_OBJECT), Thinking.OPENED)
    made = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(source))
    text = f"Hm.\n</think>\n\n{ANSWER}".encode()
    assert made.try_consume_tokens(list(text)) == len(text)
    assert made.is_accepting()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_the_thinking_of_every_family_may_come_before_its_answer(family: Family) -> None:
    class Plain(Tokenizer):
        marker_tokens: Mapping[int, str] = {}

    source = answer_grammar(family, Plain(TEXT), AnswerRules(JSON_OBJECT), Thinking.POSSIBLE)
    thinking, opening = family.thinking, family.answer.opening
    texts = [f"{opening}{ANSWER}"]
    if thinking:
        thought = f"{thinking.opening}{thinking.margin}Hm.{thinking.margin}{thinking.closing}"
        texts.append(f"{thought}{thinking.after}{opening}{ANSWER}")
    for text in texts:
        made = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(source))
        content = text.encode()
        assert made.try_consume_tokens(list(content)) == len(content), text
        assert made.is_accepting()
        assert [event_text(family, text)] == [ANSWER]


def event_text(family: Family, text: str) -> str:
    parser = AnswerParser(family)
    events = [*parser.feed(text), *parser.flush()]
    return "".join(event.text for event in events if isinstance(event, Content))
