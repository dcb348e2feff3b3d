"""Instructions that give a text back, changed or not."""

from __future__ import annotations

from random import Random

from training.sample import Split
from training.skills.instruction_kinds import wordings
from training.skills.instruction_kinds.operands import (
    length,
    phrase,
    sentence,
    some_words,
    words,
)
from training.skills.instruction_kinds.task import Task, mention, request
from training.skills.instruction_kinds.wordings import Wordings

JOINERS: tuple[tuple[str, str, str], ...] = (
    ("commas", "逗号", ", "),
    ("commas", "逗号", ", "),
    ("hyphens", "连字符", "-"),
    ("dashes", "短横线", "-"),
    ("slashes", "斜杠", "/"),
    ("plus signs", "加号", " + "),
    ("semicolons", "分号", "; "),
    ('"and"', "“and”", " and "),
    ('"or"', "“or”", " or "),
)
"""English name, Chinese name and the joining text."""

COUNTS: tuple[tuple[int, tuple[str, ...], str], ...] = (
    (2, ("twice", "two times", "2 times"), "两"),
    (3, ("three times", "3 times", "three times"), "三"),
    (4, ("four times", "4 times"), "四"),
    (5, ("five times", "5 times"), "五"),
)
"""How often, in English and Chinese."""


_PLACES = ("first", "second", "third", "fourth", "fifth")


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
    text = _short_text(rng, split)
    thought = "所有字母都大写。" if chinese else "I write every letter as a capital."
    return Task(request(rng, wordings.UPPER, chinese, text), text.upper(), thought)


def lower(rng: Random, split: Split, chinese: bool) -> Task:
    """Write in lower case."""
    text = _short_text(rng, split)
    text = text.upper() if rng.random() < 0.6 else text.title()
    thought = "所有字母都小写。" if chinese else "I write every letter small."
    return Task(request(rng, wordings.LOWER, chinese, text), text.lower(), thought)


def title(rng: Random, split: Split, chinese: bool) -> Task:
    """Write every word with a capital."""
    text = " ".join(words(rng, split, length(rng, 1, 4)))
    thought = "每个词的首字母大写。" if chinese else "Each word gets a capital letter."
    return Task(request(rng, wordings.TITLE, chinese, text), text.title(), thought)


def join(rng: Random, split: Split, chinese: bool) -> Task:
    """Join words with a sign or word."""
    found = words(rng, split, length(rng, 2, 5))
    english_name, chinese_name, sign = rng.choice(JOINERS)
    name = chinese_name if chinese else english_name
    question = request(rng, wordings.JOIN, chinese, " ".join(found), s=name)
    thought = f"在词之间加上{name}。" if chinese else f"I put {name} between the words."
    return Task(question, sign.join(found), thought)


def replace(rng: Random, split: Split, chinese: bool) -> Task:
    """Replace one word by another."""
    found = some_words(rng, split, length(rng, 3, 7), chinese)
    new = found.pop()
    old = rng.choice(found)
    separator = _separator(rng, found)
    thought = f"{old} 变成 {new}。" if chinese else f"{old} becomes {new}."
    question = request(
        rng, wordings.REPLACE, chinese, separator.join(found),
        a=mention(rng, old, chinese), b=mention(rng, new, chinese),
    )  # fmt: skip
    return Task(question, separator.join(new if w == old else w for w in found), thought)


def remove(rng: Random, split: Split, chinese: bool) -> Task:
    """Leave one word out."""
    found = some_words(rng, split, length(rng, 2, 6), chinese)
    old = rng.choice(found)
    separator = _separator(rng, found)
    question = request(
        rng,
        wordings.REMOVE,
        chinese,
        separator.join(found),
        a=mention(rng, old, chinese),
    )
    thought = f"去掉 {old}。" if chinese else f"I leave out {old}."
    return Task(question, separator.join(w for w in found if w != old), thought)


def append(rng: Random, split: Split, chinese: bool) -> Task:
    """Add a word after the text or before it."""
    *found, new = words(rng, split, length(rng, 2, 6))
    text = " ".join(found)
    at_end = rng.random() < 0.6
    question = request(
        rng, wordings.APPEND if at_end else wordings.PREPEND, chinese, text,
        a=mention(rng, new, chinese),
    )  # fmt: skip
    answer = f"{text} {new}" if at_end else f"{new} {text}"
    if chinese:
        return Task(question, answer, f"{new} 放在{'最后' if at_end else '最前面'}。")
    return Task(question, answer, f"{new} comes {'last' if at_end else 'first'}.")


def enclose(rng: Random, split: Split, chinese: bool) -> Task:
    """Put the text in quotes or brackets."""
    text = phrase(rng, split, chinese=False)
    quotes = rng.random() < 0.6
    wording = wordings.QUOTE if quotes else wordings.BRACKET
    question = rng.choice(wording[chinese]).format(t=text)
    answer = f'"{text}"' if quotes else f"({text})"
    if chinese:
        return Task(question, answer, f"加上{'引号' if quotes else '括号'}。")
    return Task(question, answer, f"I add {'quotes' if quotes else 'brackets'}.")


def several_times(rng: Random, split: Split, chinese: bool) -> Task:
    """Say a text two to five times."""
    in_chinese = chinese and rng.random() < 0.5
    text = "".join(some_words(rng, split, 1, in_chinese))
    if not in_chinese and rng.random() < 0.35:
        text = " ".join(words(rng, split, 2))
    number, english_names, chinese_name = rng.choice(COUNTS)
    name = rng.choice((chinese_name, f" {number} ")) if chinese else rng.choice(english_names)
    question = request(rng, wordings.TIMES, chinese, text, n=name)
    thought = f"说 {number} 遍。" if chinese else f"I say it {number} times."
    return Task(question, " ".join([text] * number), thought)


def listed(rng: Random, split: Split, chinese: bool) -> Task:
    """Write items as a numbered list or with dashes."""
    found = some_words(rng, split, length(rng, 2, 5), chinese)
    numbered = rng.random() < 0.6
    wording = wordings.NUMBERED if numbered else wordings.BULLETS
    question = request(rng, wording, chinese, _list_separator(found).join(found))
    lines = [f"{n}. {w}" if numbered else f"- {w}" for n, w in enumerate(found, 1)]
    thought = "每行一项。" if chinese else "One item on each line."
    return Task(question, "\n".join(lines), thought)


def nth_word(rng: Random, split: Split, chinese: bool) -> Task:
    """Say one word of the text by its place."""
    found = some_words(rng, split, length(rng, 2, 6), chinese)
    last = rng.random() < 0.25
    place = len(found) - 1 if last else rng.randrange(min(5, len(found)))
    english = "last" if last else _PLACES[place]
    name = ("最后一个" if last else f"第{'一二三四五'[place]}个") if chinese else english
    separator = " " if found[0].isascii() else "、"
    question = request(rng, wordings.NTH_WORD, chinese, separator.join(found), n=name)
    counted = ", ".join(f"{n} {w}" for n, w in enumerate(found[: place + 1], 1))
    return Task(question, found[place], counted)


def letters(rng: Random, split: Split, chinese: bool) -> Task:
    """Spell a word, count its letters, or say its first or last letter."""
    word = words(rng, split, 1, invented=0.15)[0]
    while len(word) > 8:
        word = words(rng, split, 1, invented=0.15)[0]
    spelt = "-".join(word)
    counted = ", ".join(f"{n} {letter}" for n, letter in enumerate(word, 1))
    kinds: tuple[tuple[Wordings, str, str], ...] = (
        (wordings.SPELL, spelt, spelt),
        (wordings.SPELL, spelt, spelt),
        (wordings.COUNT_LETTERS, str(len(word)), counted),
        (wordings.FIRST_LETTER, word[0], spelt),
        (wordings.LAST_LETTER, word[-1], spelt),
    )
    wording, answer, thought = rng.choice(kinds)
    return Task(request(rng, wording, chinese, w=mention(rng, word, chinese)), answer, thought)


def _short_text(rng: Random, split: Split) -> str:
    if rng.random() < 0.15:
        return sentence(rng, split)
    return " ".join(words(rng, split, length(rng, 1, 4), invented=0.2))


def _separator(rng: Random, found: list[str]) -> str:
    if not found[0].isascii():
        return "、"
    return " " if rng.random() < 0.7 else ", "


def _list_separator(found: list[str]) -> str:
    return ", " if found[0].isascii() else "、"
