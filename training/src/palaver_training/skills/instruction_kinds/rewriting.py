"""Instructions that give a text back, changed or not."""

from __future__ import annotations

from random import Random

from palaver_training.sample import Split
from palaver_training.skills.instruction_kinds import wordings
from palaver_training.skills.instruction_kinds.operands import (
    SHORT_WORDS,
    length,
    phrase,
    some_words,
)
from palaver_training.skills.instruction_kinds.task import Task, request


def repeat(rng: Random, split: Split, chinese: bool) -> Task:
    """Give the text back as it is."""
    text = phrase(rng, split, chinese)
    question = request(rng, wordings.REPEAT, chinese, text)
    thought = "原样重复。" if chinese else "I repeat the text as it is."
    return Task(question, text if text in question else text[:-1], thought)


def reverse(rng: Random, split: Split, chinese: bool) -> Task:
    """Give the words back in reverse order."""
    found = some_words(rng, split, length(rng, 2, 6), chinese)
    separator = _separator(rng, found)
    thought = "从最后一个词说到第一个词。" if chinese else "I go from the last word to the first."
    return Task(
        request(rng, wordings.REVERSE, chinese, separator.join(found)),
        separator.join(reversed(found)),
        thought,
    )


def upper(rng: Random, split: Split, chinese: bool) -> Task:
    """Write in upper case."""
    text = _short_text(rng)
    thought = "所有字母都大写。" if chinese else "I write every letter as a capital."
    return Task(request(rng, wordings.UPPER, chinese, text), text.upper(), thought)


def lower(rng: Random, split: Split, chinese: bool) -> Task:
    """Write in lower case."""
    text = _short_text(rng)
    text = text.upper() if rng.random() < 0.6 else text.title()
    thought = "所有字母都小写。" if chinese else "I write every letter small."
    return Task(request(rng, wordings.LOWER, chinese, text), text.lower(), thought)


def _short_text(rng: Random) -> str:
    """One to three short words: to change their case, the model has to know how each is spelt."""
    return " ".join(rng.sample(SHORT_WORDS, rng.choice((1, 1, 2, 2, 3))))


def _separator(rng: Random, found: list[str]) -> str:
    if not found[0].isascii():
        return "、"
    return " " if rng.random() < 0.7 else ", "
