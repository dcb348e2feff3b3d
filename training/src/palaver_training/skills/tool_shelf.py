"""The tools of one conversation: a few different ones, some of them easy to confuse."""

from __future__ import annotations

from random import Random

from palaver_training.lexicon import Pair
from palaver_training.sample import Split
from palaver_training.skills.tool_design import Design
from palaver_training.skills.tool_entries import catalogue_tool, is_answerable
from palaver_training.skills.tool_inventions import invention
from palaver_training.skills.turns import Language
from palaver_training.skills.values import noun

_COUNTS = (1, 2, 3, 4, 5)
_COUNT_WEIGHTS = (30, 35, 22, 9, 4)
_CATALOGUE_SHARE = 0.35


def shelf(rng: Random, split: Split, language: Language, count: int = 0) -> list[Design]:
    """Tools with different names and subjects, as many as asked for or a random number."""
    wanted = count or rng.choices(_COUNTS, _COUNT_WEIGHTS)[0]
    described = _described_in(rng, language)
    found: list[Design] = []
    thing: Pair | None = None
    while len(found) < wanted:
        shared = thing if thing and rng.random() < 0.35 else None
        design, thing = _tool(rng, split, language, described, shared)
        if shared is None and thing is not None and _mentioned(thing, found):
            continue
        if _is_new(design, found):
            found.append(design)
    rng.shuffle(found)
    return found


def missing(rng: Random, split: Split, language: Language, present: list[Design]) -> Design:
    """A tool that would be needed and is not among those present."""
    while True:
        design, thing = _tool(rng, split, language, language, None)
        if is_answerable(design) or not _is_new(design, present):
            continue
        if thing is None or not _mentioned(thing, present):
            return design


def _tool(
    rng: Random, split: Split, language: Language, described: Language, thing: Pair | None
) -> tuple[Design, Pair | None]:
    """An everyday tool, or an invented one with the thing that it is about."""
    if thing is None and rng.random() < _CATALOGUE_SHARE:
        return catalogue_tool(rng, split, described), None
    found = thing or noun(rng, split)
    across = described != language and split == "held_out" and found[0] != found[1]
    return invention(rng, split, language if across else described, found)


def _described_in(rng: Random, language: Language) -> Language:
    if language == "en":
        return "zh" if rng.random() < 0.03 else "en"
    return "en" if rng.random() < 0.5 else "zh"


def _is_new(design: Design, present: list[Design]) -> bool:
    return all(design.name != other.name and design.subject != other.subject for other in present)


def _mentioned(thing: Pair, present: list[Design]) -> bool:
    return any(word in f"{other.name} {other.about}" for word in thing for other in present)
