"""Words and short texts for instructions to work on."""

from __future__ import annotations

from random import Random

from palaver_training.lexicon import (
    ADJECTIVES,
    ANIMALS,
    CITIES,
    COLOURS,
    FOODS,
    NAMES,
    NOUNS,
    VERBS,
    Pair,
    pool,
    pseudo_word,
    words_of,
)
from palaver_training.sample import Split

LEXICON: list[Pair] = [*NOUNS, *ADJECTIVES, *VERBS, *COLOURS, *FOODS, *ANIMALS]
THINGS: list[Pair] = [*NOUNS, *FOODS, *ANIMALS]

COMMON = words_of("hello hi hey world yes no ok please thanks bye welcome palaver tiny test")
"""Words that people try first."""

SHORT_WORDS = sorted({word for word, _ in LEXICON if len(word) <= 5} | set(COMMON))
"""Words whose letters a small model can know."""

_LENGTHS = (1, 2, 3, 4, 5, 6)
_LENGTH_WEIGHTS = (16, 28, 28, 16, 8, 4)


def length(rng: Random, low: int = 1, high: int = 6) -> int:
    """How many words a text has, short ones more often."""
    weights = [w if low <= n <= high else 0 for n, w in zip(_LENGTHS, _LENGTH_WEIGHTS, strict=True)]
    return rng.choices(_LENGTHS, weights)[0]


def words(rng: Random, split: Split, number: int, invented: float = 0.15) -> list[str]:
    """Different English words, a share of them invented."""
    found: list[str] = []
    while len(found) < number:
        word = _word(rng, split, invented)
        if word not in found:
            found.append(word)
    return found


def _word(rng: Random, split: Split, invented: float) -> str:
    draw = rng.random()
    if draw < invented:
        return pseudo_word(rng, split)
    return rng.choice(COMMON) if draw > 0.95 else rng.choice(LEXICON)[0]


def chinese_words(rng: Random, number: int) -> list[str]:
    """Different Chinese words."""
    found: list[str] = []
    while len(found) < number:
        word = rng.choice(LEXICON)[1]
        if word not in found:
            found.append(word)
    return found


def some_words(rng: Random, split: Split, number: int, chinese: bool) -> list[str]:
    """Different words; in a Chinese request half of the time Chinese ones."""
    if chinese and rng.random() < 0.5:
        return chinese_words(rng, number)
    return words(rng, split, number)


def phrase(rng: Random, split: Split, chinese: bool) -> str:
    """A short text of any kind: words, a sentence, a name, a code, Chinese."""
    draw = rng.random()
    if draw < (0.45 if chinese else 0.08):
        return chinese_phrase(rng, split)
    if draw < 0.75:
        return " ".join(words(rng, split, length(rng)))
    if draw < 0.9:
        return sentence(rng, split)
    if draw < 0.95:
        return rng.choice(pool(NAMES, split))[0] + " " + rng.choice(pool(CITIES, split))[0]
    return code(rng)


def sentence(rng: Random, split: Split) -> str:
    """A short English sentence."""
    thing = rng.choice(THINGS)[0]
    quality = rng.choice((*ADJECTIVES, *COLOURS))[0]
    name = rng.choice(pool(NAMES, split))[0]
    verb = rng.choice(VERBS)[0]
    return rng.choice(
        (
            f"the {thing} is {quality}",
            f"The {thing} is {quality}.",
            f"{name} has a {quality} {thing}.",
            f"my {thing} is not {quality}",
            f"I {verb} with {name}.",
            f"where is the {quality} {thing}",
            f"{name} and I {verb} in {rng.choice(pool(CITIES, split))[0]}.",
            f"Hello, {name}!",
            f"I have {rng.randint(2, 99)} {quality} things",
            "hello world",
            f"hello {name}",
            f"good morning, {name}",
        )
    )


def chinese_phrase(rng: Random, split: Split) -> str:
    """A short Chinese text."""
    thing = rng.choice(THINGS)[1]
    quality = rng.choice(ADJECTIVES)[1]
    colour = rng.choice(COLOURS)[1]
    name = rng.choice(pool(NAMES, split))[1]
    return rng.choice(
        (
            thing,
            f"{colour}的{thing}",
            f"{thing}很{quality}",
            f"{name}有一个{colour}的{thing}。",
            f"我喜欢{thing}",
            f"{name}在{rng.choice(pool(CITIES, split))[1]}。",
            "、".join(chinese_words(rng, rng.randint(2, 4))),
            f"你好，{name}！",
        )
    )


def code(rng: Random) -> str:
    """Letters and digits without meaning."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    parts = [rng.choice(letters) + str(rng.randint(0, 99)) for _ in range(rng.randint(1, 3))]
    return rng.choice(("-", " ", "")).join(parts)
