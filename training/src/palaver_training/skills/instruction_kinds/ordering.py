"""Instructions that sort and count."""

from __future__ import annotations

from random import Random

from palaver_training.sample import Split
from palaver_training.skills.instruction_kinds import wordings
from palaver_training.skills.instruction_kinds.operands import length, some_words, words
from palaver_training.skills.instruction_kinds.task import Task, request


def sort_words(rng: Random, split: Split, chinese: bool) -> Task:
    """Sort three to five words by the alphabet; mostly the first letters decide."""
    number = rng.choice((2, 3, 3, 3, 4))
    found = words(rng, split, number, invented=0.05)
    while len({word[0] for word in found}) < number and rng.random() < 0.9:
        found = words(rng, split, number, invented=0.05)
    separator = rng.choice((", ", ", ", " "))
    question = request(rng, wordings.SORT_WORDS, chinese, separator.join(found))
    ordered = sorted(found)
    thought = " ".join(word[0] for word in found) + "\n" + " ".join(word[0] for word in ordered)
    return Task(question, separator.join(ordered), thought)


def sort_numbers(rng: Random, split: Split, chinese: bool) -> Task:
    """Sort two to five numbers, smallest or largest first."""
    number = rng.choice((2, 3, 3, 4))
    largest = rng.choice((9, 20, 99))
    found = rng.sample(range(largest + 1), number)
    descending = rng.random() < 0.4
    separator = "、" if chinese and rng.random() < 0.3 else rng.choice((", ", ", ", " "))
    wording = wordings.DESCENDING if descending else wordings.ASCENDING
    question = request(rng, wording, chinese, separator.join(map(str, found)))
    ordered = sorted(found, reverse=descending)
    if chinese:
        thought = f"最{'大' if descending else '小'}的是 {ordered[0]}。"
    else:
        thought = f"The {'largest' if descending else 'smallest'} is {ordered[0]}."
    return Task(question, separator.join(map(str, ordered)), thought)


def count_words(rng: Random, split: Split, chinese: bool) -> Task:
    """Count the words of a text."""
    found = words(rng, split, rng.randint(1, 7), invented=0.2)
    question = request(rng, wordings.COUNT_WORDS, chinese, " ".join(found))
    return Task(question, str(len(found)), _counted(found))


def count_items(rng: Random, split: Split, chinese: bool) -> Task:
    """Count the items of a list."""
    found = some_words(rng, split, length(rng, 1, 6), chinese)
    separator = ", " if found[0].isascii() else "、"
    question = request(rng, wordings.COUNT_ITEMS, chinese, separator.join(found))
    return Task(question, str(len(found)), _counted(found))


def _counted(found: list[str]) -> str:
    return ", ".join(f"{n} {word}" for n, word in enumerate(found, 1))
