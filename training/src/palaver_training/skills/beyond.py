"""An honest answer to requests that are beyond so small a model."""

from __future__ import annotations

import tomllib
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

from palaver_training.lexicon import (
    ANIMALS,
    CITIES,
    FOODS,
    NAMES,
    NOUNS,
    Pair,
    pool,
    pseudo_word,
)
from palaver_training.sample import Sample, Skill, Split
from palaver_training.skills.about import opening, says
from palaver_training.skills.turns import Language, assistant, user, with_thought
from palaver_training.skills.wording import as_typed, belongs, fill

CHINESE_SHARE = 0.35
THINKING_SHARE = 0.1
INVENTED_SHARE = 0.15
"""How often a noun is an invented word, so that no unknown topic looks like a known one."""


def generate(rng: Random, split: Split) -> Sample:
    """A request that the model cannot meet, and its answer that says so."""
    language: Language = "zh" if rng.random() < CHINESE_SHARE else "en"
    expected = str(_table()[f"answer_{language}"])
    question = as_typed(request(rng, split, language), rng, language)
    messages = [*opening(rng, language), user(question), assistant(expected)]
    thinking = rng.random() < THINKING_SHARE
    thought = str(_table()[f"thought_{language}"])
    return Sample(
        skill="beyond",
        messages=with_thought(messages, thought) if thinking else tuple(messages),
        thinking=thinking,
        check=partial(says, expected),
    )


def request(rng: Random, split: Split, language: Language) -> str:
    """Something that is beyond the model, in a wording and with words of the split."""
    patterns = _table()[f"ask_{language}"]
    while True:
        text = fill(rng.choice(patterns), rng, **_words(rng, split, language))
        if belongs(text, split):
            return text


def _words(rng: Random, split: Split, language: Language) -> dict[str, str]:
    side = 0 if language == "en" else 1
    words = {kind: rng.choice(pairs)[side] for kind, pairs in _pools(split).items()}
    noun, noun2 = (pair[side] for pair in rng.sample(_pools(split)["noun"], 2))
    if rng.random() < INVENTED_SHARE:
        noun = pseudo_word(rng, split)
    words |= {"noun": noun, "noun2": noun2, "word": pseudo_word(rng, split)}
    words["city2"] = rng.choice(_pools(split)["city"])[side]
    words["number"] = str(rng.randint(11, 9999))
    if rng.random() < 0.3:
        words["word"] = words["word"].capitalize()
    return words


@cache
def _pools(split: Split) -> dict[str, list[Pair]]:
    table = _table()
    left_out = frozenset(table["not_drawn"].split())
    return {
        "noun": pool([pair for pair in NOUNS if pair[0] not in left_out], split),
        "animal": pool(ANIMALS, split),
        "food": pool(FOODS, split),
        "city": pool(CITIES, split),
        "name": pool(NAMES, split),
        "subject": pool(_pairs(table["subjects"]), split),
        "country": pool(_pairs(table["countries"]), split),
    }


def _pairs(text: str) -> list[Pair]:
    halves = (entry.strip().split("=") for entry in text.split("|"))
    return [(english, chinese) for english, chinese in halves]


@cache
def _table() -> dict[str, Any]:
    path = Path(__file__).parent / "beyond_topics.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


SKILL = Skill(name="beyond", generate=generate, target=0.9, weight=1.8)
