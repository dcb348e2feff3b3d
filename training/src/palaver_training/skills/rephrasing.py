"""Training questions put in further ways: framed, in keywords, asked twice, mistyped.

The wordings of a topic are few beside what people write. These ways apply to every topic and keep
its meaning, so that an answer hangs on what is asked and not on how the sentence is built. None of
them may yield a wording that is kept for the examination.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from palaver_training.skills.turns import Language

Way: TypeAlias = Callable[[str, Random], str]
"""Puts a question in another way."""

_FRAMES: dict[Language, tuple[str, ...]] = {
    "en": (
        "I want to know: {}",
        "my question is: {}",
        "can you tell me, {}",
        "tell me, {}",
        "just wondering, {}",
        "a friend asks: {}",
        "another question: {}",
        "help: {}",
        "I am new here, {}",
        "be short, {}",
        "{}, do you know",
        "{}, I wonder",
        "{}, tell me",
        "{}, in short",
        "{}, if I may ask",
        "{}, any idea",
    ),
    "zh": (
        "我想知道，{}",
        "我的问题是：{}",
        "能告诉我吗，{}",
        "请告诉我，{}",
        "朋友问我，{}",
        "再问一个，{}",
        "简单说，{}",
        "我是新手，{}",
        "{}，你知道吗",
        "{}，我想知道",
        "{}，请说明",
        "{}，能说说吗",
        "{}，简单讲讲",
    ),
}
_ABOUT: dict[Language, tuple[str, ...]] = {
    "en": (
        "{}",
        "tell me about {}",
        "tell me something about {}",
        "I have a question about {}",
        "what about {}",
        "what can you say about {}",
        "information about {}",
        "I would like to know about {}",
        "a word about {}",
        "explain {} to me",
    ),
    "zh": ("{}", "关于{}", "说说{}", "我想了解{}", "讲一下{}", "我想问{}", "{}，介绍一下"),
}
_TWICE: dict[Language, tuple[str, ...]] = {
    "en": ("{}? {}", "{}, {}", "{}. {}"),
    "zh": ("{}？{}", "{}，{}", "{}。{}"),
}
_SMALL_WORDS = frozenset(
    """a an the i do does did is are can could would should to me you it this of for in on my your
    please what which how tell show there be am will may must and with
    """.split()  # noqa: SIM905
)
_SMALL_CHARACTERS = re.compile(r"请问|请|一下|吗|呢|的|是|我想|我要|你能|该|应该|能|可以|有")
_SWAPS: dict[Language, tuple[tuple[str, str], ...]] = {
    "en": (
        ("how do i ", "how does one "),
        ("what is ", "what exactly is "),
        ("what's ", "what is "),
        ("tell me ", "let me know "),
        ("can i ", "is it allowed to "),
        ("where is ", "where would I find "),
        ("which ", "what "),
        ("palaver ", "the palaver server "),
        ("show me ", "give me "),
        ("explain ", "say more about "),
        ("i am ", "I'm "),
        ("you are ", "you're "),
        ("do you ", "do you really "),
        ("are you ", "are you perhaps "),
    ),
    "zh": (
        ("怎么", "要怎样"),
        ("如何", "怎么样才能"),
        ("怎样", "怎么"),
        ("是什么", "到底是什么"),
        ("吗", "么"),
        ("你", "您"),
        ("哪些", "哪几种"),
        ("什么", "啥"),
        ("为什么", "为啥"),
        ("能不能", "可不可以"),
        ("告诉我", "跟我说"),
    ),
}
_SECOND_PERSON = {"I am": "you are", "I": "you", "my": "your", "me": "you", "我": "你"}
_LEAST_WORDS = 3
_LEAST_TYPO_LETTERS = 5


def rephrased(texts: tuple[str, str], subject: str, rng: Random, language: Language) -> str:
    """One of two wordings of a topic, put in another way, or a question from its subject.

    Args:
        texts: Two wordings of the topic, perhaps the same.
        subject: What the topic is about, from the model's point of view.
        rng: Decides how.
        language: Of all of them.
    """
    kind = rng.random()
    if kind < 0.15:
        return rng.choice(_ABOUT[language]).format(addressed(subject))
    if kind < 0.35:
        return rng.choice(_FRAMES[language]).format(texts[0])
    if kind < 0.5 and texts[0] != texts[1]:
        return rng.choice(_TWICE[language]).format(*texts)
    return rng.choice(_WAYS[language])(texts[0], rng)


def addressed(subject: str) -> str:
    """A subject such as ``who I am`` as a user says it to the model: ``who you are``."""
    return re.sub(
        r"\b(?:I am|I|my|me)\b|我", lambda match: _SECOND_PERSON[match[0]], subject
    ).replace("whether ", "")


def _in_keywords(text: str, rng: Random) -> str:
    words = text.split()
    kept = [w for w in words if w.lower() not in _SMALL_WORDS or rng.random() < 0.5]
    return " ".join(kept) if len(words) >= _LEAST_WORDS and kept else text


def _in_chinese_keywords(text: str, rng: Random) -> str:
    kept = _SMALL_CHARACTERS.sub(lambda match: match[0] if rng.random() < 0.5 else "", text)
    return kept if len(kept) >= _LEAST_WORDS else text


def _mistyped(text: str, rng: Random) -> str:
    """One letter of a long word lost, doubled or changed with its neighbour."""
    words = text.split(" ")
    long = [i for i, w in enumerate(words) if len(w) >= _LEAST_TYPO_LETTERS and w.isalpha()]
    if not long:
        return text
    number = rng.choice(long)
    word = words[number]
    at = rng.randrange(1, len(word) - 1)
    words[number] = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )
    return " ".join(words)


def _swapped(language: Language) -> Way:
    def swap(text: str, rng: Random) -> str:
        lower = text.lower()
        fitting = [(old, new) for old, new in _SWAPS[language] if old in lower]
        if not fitting:
            return text
        old, new = rng.choice(fitting)
        at = lower.index(old)
        return text[:at] + new + text[at + len(old) :]

    return swap


_WAYS: dict[Language, tuple[Way, ...]] = {
    "en": (_in_keywords, _in_keywords, _mistyped, _swapped("en"), _swapped("en")),
    "zh": (_in_chinese_keywords, _swapped("zh")),
}
