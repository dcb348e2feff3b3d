"""Question wordings from small slot grammars, and the surface in which people type them."""

from __future__ import annotations

import hashlib
import re
from itertools import product
from random import Random

from palaver_training.sample import Split
from palaver_training.skills.turns import Language

HELD_OUT_SHARE = 0.1
"""Share of the wordings of a grammar that training never shows."""

SLOT = re.compile(r"\{([^{}]*)\}")
MACRO = re.compile(r"<(\w+)>")
_ASKING = """
what what's how who who's where where's when why which is are do does did can could may will would
should must am has have shall
"""
_QUESTION_WORDS = frozenset(_ASKING.split())
_POLITE = ("please", "请", "麻烦", "你好", "hi", "hello", "hey")
_SPACE_IN_CHINESE = re.compile(r"(?<=[^ -~]) | (?=[^ -~])")
_CHINESE_REQUESTS = (
    "告诉",
    "介绍",
    "解释",
    "说",
    "讲",
    "教",
    "写",
    "帮",
    "给",
    "画",
    "推荐",
)
_BEFORE: dict[Language, tuple[str, ...]] = {
    "en": (
        "please, ",
        "hi, ",
        "hello! ",
        "hey, ",
        "quick question: ",
        "excuse me, ",
        "ok, ",
        "I have a question: ",
        "one more thing: ",
        "and ",
        "so ",
        "um, ",
        "sorry, ",
    ),
    "zh": (
        "请问",
        "你好，",
        "您好，",
        "嗨，",
        "那",
        "还有，",
        "问一下，",
        "我想问，",
        "麻烦问一下，",
        "好的，",
        "另外，",
        "对了，",
    ),
}
_AFTER: dict[Language, tuple[str, ...]] = {
    "en": (" please", ", please", ", thanks", " now", " then"),
    "zh": ("呢", "，谢谢", "，麻烦了"),
}  # fmt: skip


def with_macros(pattern: str, macros: dict[str, str]) -> str:
    """``pattern`` with every ``<name>`` replaced by the slot ``{…}`` of that name."""
    return MACRO.sub(lambda match: "{" + macros[match[1]] + "}", pattern)


def expand(pattern: str) -> list[str]:
    """All distinct texts of a pattern such as ``{hi|hello} there{| friend}``."""
    parts = SLOT.split(pattern)
    choices = [part.split("|") if odd % 2 else [part] for odd, part in enumerate(parts)]
    texts = (" ".join("".join(chosen).split()) for chosen in product(*choices))
    return list(dict.fromkeys(texts))


def fill(pattern: str, rng: Random, **values: str) -> str:
    """One text of a pattern whose slots may be nested; ``{name}`` of ``values`` takes its value."""

    def choose(match: re.Match[str]) -> str:
        return values[match[1]] if match[1] in values else rng.choice(match[1].split("|"))

    while "{" in pattern:
        pattern = SLOT.sub(choose, pattern)
    return " ".join(with_articles(pattern).split())


def with_articles(text: str) -> str:
    """``text`` with ``a`` before consonants and ``an`` before vowels."""
    text = re.sub(r"\b([Aa])n? (?=[aeio]|un(?!i)|umb|ugl|hour)", r"\1n ", text)
    return re.sub(r"\b([Aa])n (?=[b-df-hj-np-tv-z]|uni)(?!hour|honest)", r"\1 ", text)


def is_held_out(text: str) -> bool:
    """Whether a wording is held out from training, by a stable hash of its letters."""
    letters = "".join(filter(str.isalnum, text.lower()))
    first = hashlib.sha256(letters.encode()).digest()[:4]
    return int.from_bytes(first, "big") < HELD_OUT_SHARE * 2**32


def belongs(text: str, split: Split) -> bool:
    """Whether a wording is one of those of ``split``."""
    return is_held_out(text) == (split == "held_out")


def as_typed(
    text: str,
    rng: Random,
    language: Language,
    *,
    greeting: bool = False,
) -> str:
    """``text`` as people type it: perhaps wrapped politely, lower-case or bare."""
    ending = _ending(text, language, greeting)
    wrap = not greeting and not text.lower().startswith(_POLITE)
    if wrap and rng.random() < 0.12:
        text = rng.choice(_BEFORE[language]) + text
    elif wrap and rng.random() < 0.05:
        text += rng.choice(_AFTER[language])
    if language == "zh" and rng.random() < 0.5:
        text = _SPACE_IN_CHINESE.sub("", text)
    if language == "en":
        text = _english_case(text, rng)
    return text if rng.random() < 0.35 else text + ending


def _english_case(text: str, rng: Random) -> str:
    if rng.random() < 0.4:
        return text.lower()
    return text[:1].upper() + text[1:]


def _ending(text: str, language: Language, greeting: bool) -> str:
    if text[-1:] in "!！.。?？":
        return ""
    if language == "en":
        short = not greeting and len(text.split()) < 3
        asks = short or text.split(" ", 1)[0].lower() in _QUESTION_WORDS
        return "?" if asks else "."
    if greeting:
        return "？" if any(mark in text for mark in "吗怎什哪不") else "！"
    return "。" if text.startswith(_CHINESE_REQUESTS) else "？"
