"""A simple instruction with its answer, and how the text to work on is put into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from palaver_training.phrasing import casual
from palaver_training.sample import Split
from palaver_training.skills.instruction_kinds.wordings import Wordings

_ENGLISH_QUOTES = (('"', '"'), ('"', '"'), ("'", "'"), ("“", "”"))
_CHINESE_QUOTES = (("“", "”"), ("“", "”"), ('"', '"'), ("「", "」"))


@dataclass(frozen=True, slots=True)
class Task:
    """What the user asks and what the answer is.

    Attributes:
        question: The user's message.
        answer: The only right answer.
        thought: What to think before the answer when thinking is on.
    """

    question: str
    answer: str
    thought: str


Kind: TypeAlias = Callable[[Random, Split, bool], Task]
"""Makes a task from a random generator, a split and whether the request is in Chinese."""


def request(rng: Random, wordings: Wordings, chinese: bool, text: str = "", **fields: str) -> str:
    """A request in one of its wordings, with ``text`` after a colon, in quotes or below."""
    template = rng.choice(wordings[chinese])
    if template.endswith((": {t}", "：{t}")):
        template = _place(rng, template)
    else:
        template = casual(rng, template)
    if not template.startswith("{") and template[:1].isascii() and rng.random() < 0.25:
        template = template[:1].lower() + template[1:]
    first, last = rng.choice(_CHINESE_QUOTES if chinese else _ENGLISH_QUOTES)
    within = text.rstrip("?？.。")
    fields = {"t": text, "q": f"{first}{text}{last}", "w": within} | fields
    return template.format(**fields)


def mention(rng: Random, word: str, chinese: bool) -> str:
    """A word as it is named in a request: bare or in quotes."""
    if rng.random() < 0.55:
        return f" {word} " if chinese and word.isascii() else word
    first, last = rng.choice(_CHINESE_QUOTES if chinese else _ENGLISH_QUOTES)
    return f"{first}{word}{last}"


def _place(rng: Random, template: str) -> str:
    """The template with its text below, in quotes, or after the colon as it stands."""
    draw = rng.random()
    if draw < 0.2:
        return template.replace(" {t}", "\n{t}") if " {t}" in template else template[:-3] + "\n{t}"
    if draw < 0.35:
        return template.replace("{t}", "{q}")
    return template
