"""Small questions that a system prompt can change the answer to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from palaver_training.phrasing import casual
from palaver_training.sample import Split
from palaver_training.skills.calculation import steps, wordings
from palaver_training.skills.instruction_kinds.knowledge import OPPOSITES, is_member
from palaver_training.skills.instruction_kinds.operands import chinese_words, words
from palaver_training.skills.instruction_kinds.task import mention, request
from palaver_training.skills.instruction_kinds.wordings import OPPOSITE, REPEAT

Both: TypeAlias = tuple[str, str]
"""The same in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the model is told to be: a name, and perhaps a role such as "a friendly robot"."""

    name: Both | None = None
    role: Both | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with what may be answered.

    Attributes:
        question: The question in English and Chinese.
        full: The usual answer in English and Chinese.
        word: The answer in one word, English and Chinese; ``None`` if there is none.
    """

    question: Both
    full: Both
    word: Both | None = None


Source: TypeAlias = Callable[[Random, Split, Persona], Exchange]

_GREETINGS = (
    ("Hello", "Hello!", "Hi", "Hi there", "Hey", "Good morning!", "Hi!", "hello there"),
    ("你好", "你好！", "您好", "嗨", "早上好", "哈喽", "你好呀"),
)
_NAME_QUESTIONS = (
    (
        "What is your name?",
        "What's your name?",
        "What are you called?",
        "Tell me your name.",
        "Your name?",
        "May I know your name?",
        "How should I call you?",
        "Do you have a name?",
        "Please say your name.",
    ),
    (
        "你叫什么名字？",
        "你叫什么？",
        "你的名字是什么？",
        "怎么称呼你？",
        "告诉我你的名字。",
    ),
)
_WHO_QUESTIONS = (
    (
        "Who are you?",
        "Who is this?",
        "Who am I talking to?",
        "Introduce yourself.",
        "Tell me who you are.",
    ),
    ("你是谁？", "请介绍一下你自己。", "我在和谁说话？", "你是哪位？"),
)
_HOW_QUESTIONS = (
    ("How are you?", "How are you today?", "Are you well?"),
    ("你好吗？", "你今天怎么样？", "最近好吗？"),
)
_THANKS = (
    ("Thank you!", "Thanks", "Thank you very much."),
    ("谢谢！", "谢谢你", "多谢。"),
)
_FAREWELLS = (
    ("Goodbye!", "Bye", "See you!", "Good night!"),
    ("再见！", "拜拜", "下次见！", "晚安！"),
)


def greeting(rng: Random, split: Split, persona: Persona) -> Exchange:
    """A greeting, answered with the name if there is one."""
    question = _both(rng, _GREETINGS)
    if persona.name is None:
        return Exchange(question, ("Hello!", "你好！"), ("Hello", "你好"))
    english, chinese = persona.name
    return Exchange(question, (f"Hello, I am {english}.", f"你好，我是{chinese}。"))


def name_question(rng: Random, split: Split, persona: Persona) -> Exchange:
    """The question for the name."""
    assert persona.name is not None
    english, chinese = persona.name
    full = (f"My name is {english}.", f"我叫{chinese}。")
    return Exchange(_both(rng, _NAME_QUESTIONS), full, persona.name)


def who_question(rng: Random, split: Split, persona: Persona) -> Exchange:
    """The question who the model is."""
    assert persona.name is not None
    english, chinese = persona.name
    full = (f"I am {english}.", f"我是{chinese}。")
    if persona.role is not None:
        full = (
            f"I am {english}, {persona.role[0]}.",
            f"我是{chinese}，{persona.role[1]}。",
        )
    return Exchange(_both(rng, _WHO_QUESTIONS), full, persona.name)


def small_talk(rng: Random, split: Split, persona: Persona) -> Exchange:
    """How are you, thanks and goodbye."""
    kind = rng.randrange(3)
    if kind == 0:
        full = ("I am fine, thank you.", "我很好，谢谢。")
        return Exchange(_both(rng, _HOW_QUESTIONS), full, ("Fine", "很好"))
    if kind == 1:
        return Exchange(
            _both(rng, _THANKS), ("You are welcome.", "不客气。"), ("Welcome", "不客气")
        )
    return Exchange(_both(rng, _FAREWELLS), ("Goodbye!", "再见！"), ("Goodbye", "再见"))


def small_sum(rng: Random, split: Split, persona: Persona) -> Exchange:
    """A sum or difference of one-digit numbers."""
    a, b = rng.randint(0, 9), rng.randint(0, 9)
    plus = a < b or rng.random() < 0.6
    value = str(a + b if plus else a - b)
    spoken = rng.choice((f"{a} {'+' if plus else '-'} {b}", f"{a}{'+' if plus else '-'}{b}"))
    question = (
        casual(rng, rng.choice(wordings.ENGLISH).format(e=spoken)),
        casual(rng, rng.choice(wordings.CHINESE).format(e=spoken)),
    )
    full = f"{a} {'+' if plus else '-'} {b} = {value}"
    return Exchange(question, (full, full), (value, value))


def comparison(rng: Random, split: Split, persona: Persona) -> Exchange:
    """Which of two numbers is bigger."""
    a, b = rng.sample(range(100), 2)
    found = str(max(a, b))
    question = (
        casual(rng, rng.choice(wordings.BIGGER[0]).format(list=f"{a} or {b}")),
        casual(rng, rng.choice(wordings.BIGGER[1]).format(list=f"{a} 和 {b}")),
    )
    return Exchange(question, (f"{found} is bigger.", f"{found} 更大。"), (found, found))


def is_greater(rng: Random, split: Split, persona: Persona) -> Exchange:
    """Whether a number is greater than another, answered with yes or no."""
    a, b = rng.sample(range(100), 2)
    question = (
        casual(rng, rng.choice(wordings.GREATER_QUESTION[0]).format(a=a, b=b)),
        casual(rng, rng.choice(wordings.GREATER_QUESTION[1]).format(a=a, b=b)),
    )
    relation = steps.relation(a, b)
    order = ("greater", "大于") if ">" in relation else ("less", "小于")
    word = ("Yes", "是的") if a > b else ("No", "不是")
    full = (
        f"{word[0]}, {a} is {order[0]} than {b}.",
        f"{word[1]}，{a} {order[1]} {b}。",
    )
    return Exchange(question, full, word)


def membership(rng: Random, split: Split, persona: Persona) -> Exchange:
    """Whether a word names an animal, a colour or a food."""
    question, belongs = is_member(rng)
    word = ("Yes", "是的") if belongs else ("No", "不是")
    return Exchange(question, (f"{word[0]}.", f"{word[1]}。"), word)


def opposite(rng: Random, split: Split, persona: Persona) -> Exchange:
    """The opposite of a word."""
    english, other, chinese, chinese_other = rng.choice(OPPOSITES)
    question = (
        request(rng, OPPOSITE, False, w=mention(rng, english, False)),
        request(rng, OPPOSITE, True, w=mention(rng, chinese, True)),
    )
    return Exchange(question, (other, chinese_other), (other, chinese_other))


def saying(rng: Random, split: Split, persona: Persona) -> Exchange:
    """Words to be said again."""
    number = rng.choice((1, 1, 2, 3))
    english = " ".join(words(rng, split, number))
    chinese = "、".join(chinese_words(rng, number)) if rng.random() < 0.6 else english
    question = (
        request(rng, REPEAT, False, english),
        request(rng, REPEAT, True, chinese),
    )
    return Exchange(question, (english, chinese), (english, chinese) if number == 1 else None)


def _both(rng: Random, table: tuple[tuple[str, ...], tuple[str, ...]]) -> Both:
    return casual(rng, rng.choice(table[0])), casual(rng, rng.choice(table[1]))
