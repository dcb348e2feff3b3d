"""Held-out values of the generators, and generators that accept their own answers."""

from __future__ import annotations

from random import Random

import pytest

from palaver_training import lexicon
from palaver_training.skills import SKILLS
from palaver_training.skills.cast import draw_cast
from palaver_training.skills.values import value

TABLES = {
    "person": lexicon.NAMES,
    "city": lexicon.CITIES,
    "word": lexicon.NOUNS,
    "colour": lexicon.COLOURS,
    "food": lexicon.FOODS,
    "animal": lexicon.ANIMALS,
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("side", [0, 1], ids=["en", "zh"])
def test_training_never_samples_a_held_out_value(kind: str, side: int) -> None:
    rng = Random(kind)
    kept = {pair[side] for pair in lexicon.pool(TABLES[kind], "held_out")}
    drawn = {value(kind, rng, "train", "zh" if side else "en") for _ in range(2000)}
    assert kept.isdisjoint(drawn)
    assert len(drawn) > 500, "values vary, so that they are carried over and not remembered"


@pytest.mark.parametrize("side", [0, 1], ids=["en", "zh"])
def test_stories_in_training_use_no_held_out_characters(side: int) -> None:
    rng = Random(3)
    kept = {pair[side] for pair in lexicon.pool(lexicon.NAMES, "held_out")}
    casts = [draw_cast(rng, "train", "zh" if side else "en") for _ in range(1000)]
    names = {cast.values[slot] for cast in casts for slot in ("name", "pal")}
    assert kept.isdisjoint(names)
    assert len(names) > 300


@pytest.mark.parametrize("name", SKILLS)
def test_the_reference_answer_of_an_examination_is_accepted(name: str) -> None:
    rng = Random(f"reference {name}")
    samples = [SKILLS[name].generate(rng, "held_out") for _ in range(40)]
    assert all(sample.accepts(sample.reference) for sample in samples)
    assert not any(sample.accepts({"role": "assistant", "content": "?"}) for sample in samples)


@pytest.mark.parametrize("name", SKILLS)
def test_an_examination_asks_the_same_for_the_same_seed(name: str) -> None:
    first, second = (SKILLS[name].generate(Random(5), "held_out") for _ in range(2))
    assert (first.messages, first.tools) == (second.messages, second.tools)
