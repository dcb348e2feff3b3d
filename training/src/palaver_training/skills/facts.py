"""The question topics about palaver, read from ``about_facts``."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from palaver_training.sample import Split
from palaver_training.skills.turns import Language
from palaver_training.skills.wording import belongs, expand, with_macros

FOLDER = Path(__file__).parent / "about_facts"
FILES = ("greetings", "identity", "running", "api", "fields")

Wordings = tuple[tuple[str, ...], ...]
"""The texts of each pattern of a topic."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that people ask, with its answer and its wordings in each language.

    ``further`` holds wordings of other patterns than those that the examination draws from.
    """

    name: str
    group: str
    subject: dict[Language, str]
    answer: dict[Language, str]
    train: dict[Language, Wordings]
    held_out: dict[Language, Wordings]
    further: dict[Language, Wordings]

    def question(self, rng: Random, split: Split, language: Language) -> str | None:
        """A wording of the split; ``None`` when the topic has none in that language."""
        patterns = (self.train if split == "train" else self.held_out)[language]
        return rng.choice(rng.choice(patterns)) if patterns else None

    def further_question(self, rng: Random, language: Language) -> str | None:
        """A wording that only training has; ``None`` when there is none in that language."""
        patterns = self.further[language]
        return rng.choice(rng.choice(patterns)) if patterns else None


@cache
def topics() -> tuple[Topic, ...]:
    """Every topic, greetings first."""
    macros, more = _read("macros"), _read("more")
    return tuple(
        _topic(name, group, entry, macros, more.get(name, {}))
        for group in FILES
        for name, entry in _read(group).items()
    )


def wordings(patterns: Sequence[str], split: Split) -> Wordings:
    """What the patterns expand to, without the wordings of the other split.

    A pattern without slots is one plain wording, such as ``hello``; training has all of these.
    """
    kept: list[tuple[str, ...]] = []
    plain: list[str] = []
    for pattern in patterns:
        texts = expand(pattern)
        if len(texts) == 1:
            plain += texts
        elif chosen := tuple(text for text in texts if belongs(text, split)):
            kept.append(chosen)
    if plain and split == "train":
        kept += [tuple(plain)] * 2
    return tuple(kept)


def _topic(
    name: str,
    group: str,
    entry: dict[str, Any],
    macros: dict[str, dict[str, str]],
    more: dict[str, list[str]],
) -> Topic:
    subject_en, subject_zh = entry["subject"]
    asked: dict[Language, list[str]] = {
        "en": [with_macros(pattern, macros["en"]) for pattern in entry["ask_en"]],
        "zh": [with_macros(pattern, macros["zh"]) for pattern in entry["ask_zh"]],
    }
    plain = {letters(p) for patterns in asked.values() for p in patterns if "{" not in p}
    return Topic(
        name=name,
        group=group,
        subject={"en": subject_en, "zh": subject_zh},
        answer={"en": entry["en"], "zh": entry["zh"]},
        train={language: wordings(asked[language], "train") for language in asked},
        held_out={
            language: _without(wordings(asked[language], "held_out"), plain) for language in asked
        },
        further={language: _further(more.get(language, [])) for language in asked},
    )


def _further(patterns: list[str]) -> Wordings:
    """What patterns that serve only training expand to."""
    groups = (tuple(filter(lambda text: belongs(text, "train"), expand(p))) for p in patterns)
    return tuple(group for group in groups if group)


def _without(groups: Wordings, others: set[str]) -> Wordings:
    left = (tuple(text for text in group if letters(text) not in others) for group in groups)
    return tuple(group for group in left if group)


@cache
def kept_wordings() -> frozenset[str]:
    """The letters of every wording that is kept for the examination."""
    return frozenset(
        letters(text)
        for topic in topics()
        for patterns in topic.held_out.values()
        for texts in patterns
        for text in texts
    )


def letters(text: str) -> str:
    """``text`` without case, blanks and marks, which do not make another wording."""
    return "".join(filter(str.isalnum, text.lower()))


def _read(name: str) -> dict[str, dict[str, Any]]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
