"""Carries random words, numbers and codes over exactly: repeat, look up, pick a line, fill in.

Tool calls, JSON and memory all rest on this, so that several turns share one conversation.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from palaver_training.sample import Message, Sample, Skill, Split
from palaver_training.skills.pieces import scrap, word_piece
from palaver_training.skills.turns import (
    Language,
    assistant,
    choose_language,
    choose_thinking,
    user,
    with_thought,
)
from palaver_training.skills.values import invented, value

Turn: TypeAlias = tuple[str, str, str]
"""A question, its answer and the thought that leads to it."""

SCRAP_SHARE = 0.55
"""Share of lists that are random strings of vocabulary pieces."""
_TOKEN_KINDS = ("word", "word", "code", "integer", "person", "city", "email", "date", "colour")

_REPEAT = {
    "en": (
        "Repeat exactly: {}",
        "Repeat this: {}",
        "Copy this: {}",
        "Copy exactly: {}",
        "Say this again: {}",
        "Say: {}",
        "Echo: {}",
        "Write this once more: {}",
        "Please repeat after me: {}",
        "Print the following: {}",
        "Output only this: {}",
        'Say "{}"',
        'Repeat "{}".',
        "{}\nRepeat the line above.",
        "{}\nCopy this exactly.",
    ),
    "zh": (
        "重复：{}",
        "请重复：{}",
        "原样重复：{}",
        "照抄：{}",
        "请说：{}",
        "再写一遍：{}",
        "跟我说：{}",
        "请重复“{}”",
        "{}\n重复上面这一行。",
        "{}\n请照抄。",
    ),
}
_LOOK_UP = {
    "en": ("What is {}?", "{}?", "Give me {}.", "Which value has {}?", "And {}?", "Look up {}."),
    "zh": ("{}是什么？", "{}呢？", "{}是多少？", "查一下{}。", "告诉我{}的值。"),
}
_REVERSE_LOOK_UP = {
    "en": ("Which one is {}?", "Which key has {}?", "What has the value {}?"),
    "zh": ("哪个是{}？", "{}是谁的值？", "哪一项的值是{}？"),
}
_TABLE_HEADS = {
    "en": ("", "", "", "Table: ", "Here is a list: ", "Remember: ", "Values: "),
    "zh": ("", "", "", "表格：", "列表：", "请记住：", "数据："),
}
_LINE = {
    "en": ("Copy line {}.", "Line {}, please.", "What is line {}?", "Give me line {}."),
    "zh": ("照抄第{}行。", "第{}行是什么？", "请写出第{}行。", "给我第{}行。"),
}
_NEXT = {
    "en": ("What comes after {}?", "Which one follows {}?", "After {}?"),
    "zh": ("{}后面是什么？", "{}的下一个是什么？", "{}之后呢？"),
}
_FILL = {
    "en": (
        "Fill in: {text}\n{values}",
        "{text}\nFill in with {values}.",
        "Template: {text}\n{values}",
    ),
    "zh": ("填空：{text}\n{values}", "{text}\n请填入：{values}", "模板：{text}\n{values}"),
}
_TEMPLATES = {
    "en": (
        "Dear {a}, your code is {b}.",
        "{a} lives in {b}.",
        "Hello {a}, we meet on {b}.",
        "From {a} to {b}.",
        "{a} = {b}",
        "The {a} of {b} is {c}.",
        "{a} sent {b} to {c}.",
        "Order {a} for {b}, {c}.",
        "[{a}] {b}: {c}",
    ),
    "zh": (
        "{a}您好，您的编号是{b}。",
        "{a}住在{b}。",
        "{a}和{b}在{c}见面。",
        "从{a}到{b}。",
        "{a}的{b}是{c}。",
        "{a}：{b}",
        "{a}把{b}交给{c}。",
    ),
}

Writer: TypeAlias = Callable[[list[str]], str]


def _as_json(words: list[str]) -> str:
    return json.dumps(words, ensure_ascii=False)


def _as_object(words: list[str]) -> str:
    return json.dumps({word: word for word in words}, ensure_ascii=False)


def _in_quotes(words: list[str]) -> str:
    return " ".join(f'"{word}"' for word in words)


def _in_lines(words: list[str]) -> str:
    return "\n".join(words)


_LISTS: dict[Language, tuple[tuple[str, str, Writer], ...]] = {
    "en": (
        ("Write as a JSON list:", " ", _as_json),
        ("JSON list:", ", ", _as_json),
        ("Make a JSON array of these words:", ", ", _as_json),
        ("As a list in JSON:", " ", _as_json),
        ("JSON object, each word as key and value:", " ", _as_object),
        ("Put quotes around each:", " ", _in_quotes),
        ("Write one per line:", " ", _in_lines),
    ),
    "zh": (
        ("写成JSON列表：", "、", _as_json),
        ("JSON数组：", " ", _as_json),
        ("用JSON列表写出：", "，", _as_json),
        ("写成JSON对象，键和值相同：", " ", _as_object),
        ("每个词加上引号：", " ", _in_quotes),
        ("每行写一个：", "、", _in_lines),
    ),
}
"""How a request for a list begins, what stands between the words, and how they are written."""


def _tokens(rng: Random, split: Split, language: Language, count: int) -> list[str]:
    """Different words, codes, numbers or names: all of one kind, or mixed."""
    if split == "train" and rng.random() < SCRAP_SHARE:
        return _scraps(rng, count)
    mixed = rng.random() < 0.4
    kind = rng.choice(_TOKEN_KINDS)
    found: list[str] = []
    while len(found) < count:
        if mixed or kind == "colour":
            kind = rng.choice(_TOKEN_KINDS)
        item = str(value(kind, rng, split, language))
        if item not in found:
            found.append(item)
    return found


def _scraps(rng: Random, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        item = scrap(rng)
        if item not in found:
            found.append(item)
    return found


def _digits(rng: Random) -> str:
    return "".join(rng.choices("0123456789", k=rng.randint(3, 10)))


def _repeat(rng: Random, split: Split, language: Language) -> list[Turn]:
    kind = rng.random()
    if kind < 0.1:
        text = _digits(rng)
    elif kind < 0.25:
        text = str(value("phrase", rng, split, language))
    else:
        separator = rng.choice((" ", " ", ", ", " - ", "; ", " | "))
        if language == "zh":
            separator = rng.choice((" ", "，", "、", "；"))
        text = separator.join(_tokens(rng, split, language, rng.choice((1, 2, 3, 4, 5, 6, 8))))
    thought = {"en": "I write the same text.", "zh": "我写出同样的文字。"}
    return [(rng.choice(_REPEAT[language]).format(text), text, thought[language])]


def _look_up(rng: Random, split: Split, language: Language) -> list[Turn]:
    count = rng.randint(2, 6)
    keys = _tokens(rng, split, language, count)
    values = [item for item in _tokens(rng, split, language, 2 * count) if item not in keys]
    rows = dict(zip(keys, values, strict=False))
    sign = ": " if language == "en" else "："
    sign = rng.choice((sign, sign, " = ", " -> "))
    between = rng.choice((", ", "\n", "; "))
    table = rng.choice(_TABLE_HEADS[language])
    table += between.join(f"{key}{sign}{item}" for key, item in rows.items())
    table += "." if between != "\n" and language == "en" else "\n"
    turns = []
    for number, key in enumerate(rng.sample(list(rows), min(len(rows), rng.randint(1, 4)))):
        item = rows[key]
        if rng.random() < 0.2:
            question, answer = rng.choice(_REVERSE_LOOK_UP[language]).format(item), key
        else:
            question, answer = rng.choice(_LOOK_UP[language]).format(key), item
        if number == 0:
            question = f"{table} {question}" if table[-1] == "." else f"{table}{question}"
        turns.append((question, answer, f"{key}{sign}{item}"))
    return turns


def _line(rng: Random, split: Split, language: Language) -> list[Turn]:
    lines = [
        " ".join(_tokens(rng, split, language, rng.randint(1, 3))) for _ in range(rng.randint(2, 5))
    ]
    numbered = rng.random() < 0.4
    text = "\n".join(
        f"{number}. {line}" if numbered else line for number, line in enumerate(lines, 1)
    )
    turns = []
    for number in rng.sample(range(len(lines)), rng.randint(1, 2)):
        question = rng.choice(_LINE[language]).format(number + 1)
        thought = f"Line {number + 1} is: " if language == "en" else f"第{number + 1}行是："
        turns.append((question, lines[number], thought + lines[number]))
    question, answer, thought = turns[0]
    return [(f"{text}\n{question}", answer, thought), *turns[1:]]


def _next(rng: Random, split: Split, language: Language) -> list[Turn]:
    items = _tokens(rng, split, language, rng.randint(3, 7))
    turns = []
    for number in rng.sample(range(len(items) - 1), rng.randint(1, 2)):
        question = rng.choice(_NEXT[language]).format(items[number])
        thought = f"{items[number]}, {items[number + 1]}"
        turns.append((question, items[number + 1], thought))
    question, answer, thought = turns[0]
    listed = rng.choice((", ", "\n", " > ")).join(items)
    return [(f"{listed}\n{question}", answer, thought), *turns[1:]]


def _fill(rng: Random, split: Split, language: Language) -> list[Turn]:
    text = rng.choice(_TEMPLATES[language])
    letters = [letter for letter in "abc" if f"{{{letter}}}" in text]
    names: list[str] = []
    while len(names) < len(letters):
        name = rng.choice(("name", "city", "code", "day", "x", "y", invented(rng, split)))
        if name not in names:
            names.append(name)
    filled = dict(zip(letters, _tokens(rng, split, language, len(letters)), strict=True))
    shown = text.format(**{key: f"{{{name}}}" for key, name in zip(letters, names, strict=True)})
    sign = rng.choice((" = ", ": ", "="))
    pairs = [f"{name}{sign}{filled[key]}" for key, name in zip(letters, names, strict=True)]
    rng.shuffle(pairs)
    question = rng.choice(_FILL[language]).format(text=shown, values=", ".join(pairs))
    return [(question, text.format(**filled), ", ".join(pairs))]


def _listed(rng: Random, _: Split, language: Language) -> list[Turn]:
    """Words written with other marks around them.

    A word after a blank is one token and a word after a quotation mark is several, so what JSON
    needs has to be learned for each word.
    """
    words = list(dict.fromkeys(_any_word(rng, language) for _ in range(rng.randint(2, 8))))
    head, mark, write = rng.choice(_LISTS[language])
    text = mark.join(words)
    thought = {"en": "I write the same words.", "zh": "我写出同样的词。"}
    return [(f"{head}{rng.choice((' ', chr(10)))}{text}", write(words), thought[language])]


def _any_word(rng: Random, language: Language) -> str:
    kind = rng.random()
    if kind < 0.6:
        return word_piece(rng)
    return scrap(rng) if kind < 0.8 else str(value("word", rng, "train", language))


_KINDS: tuple[Callable[[Random, Split, Language], list[Turn]], ...] = (
    _repeat,
    _repeat,
    _look_up,
    _look_up,
    _line,
    _next,
    _fill,
)


_TRAINING_KINDS = (*_KINDS, _listed, _listed, _listed, _listed)


def generate(rng: Random, split: Split) -> Sample:
    """A conversation of a few turns, each of which copies something from the prompt."""
    language = choose_language(rng)
    messages: list[Message] = []
    turns: list[Turn] = []
    for _ in range(rng.randint(1, 3)):
        kinds = _KINDS if split == "held_out" else _TRAINING_KINDS
        turns += rng.choice(kinds)(rng, split, language)
    for question, answer, _ in turns:
        messages += [user(question), assistant(answer)]
    if choose_thinking(rng):
        return Sample("copying", with_thought(messages, turns[-1][2]), thinking=True)
    return Sample("copying", tuple(messages))


SKILL = Skill(name="copying", generate=generate, target=0.95, weight=1.4)
