"""Simple stories about the people and things that a request names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from random import Random

from palaver_training.sample import Message, Sample, Skill, Split
from palaver_training.skills.about import opening
from palaver_training.skills.cast import Cast, Length, draw_cast, parts
from palaver_training.skills.turns import Language, assistant, user, with_thought
from palaver_training.skills.wording import as_typed, belongs, fill

CHINESE_SHARE = 0.35
THINKING_SHARE = 0.1
PLAIN_SHARE = 0.4
"""How often training asks for just any story in one of the plainest wordings."""
LENGTHS: dict[Split, tuple[Length, ...]] = {
    "train": ("full", "full", "full", "short", "short", "short", "two", "two", "two"),
    "held_out": ("full", "full", "full", "full", "full", "short", "short", "two"),
}
"""Training tells more of the short ones: they carry the same heroes over in fewer tokens."""
FULL = (
    *("opening", "habit", "wish", "leave", "first"),
    *("meet", "second", "third", "found", "ending"),
)
SHORT = ("opening", "wish", "first", "found", "short_end")
SHORT_WITH_FRIEND = ("opening", "wish", "meet", "found", "short_end")
LEAST_LENGTH: dict[Language, dict[Length, int]] = {
    "en": {"full": 100, "short": 35, "two": 15},
    "zh": {"full": 150, "short": 45, "two": 25},
}
"""The least words of an English story and the least characters of a Chinese one."""


@dataclass(frozen=True, slots=True)
class Story:
    """What a right story must have."""

    language: Language
    length: Length
    named: tuple[str, ...]


def generate(rng: Random, split: Split) -> Sample:
    """A request for a story, and one that carries its hero and its things through."""
    language: Language = "zh" if rng.random() < CHINESE_SHARE else "en"
    length = rng.choice(LENGTHS[split])
    cast = draw_cast(rng, split, language)
    asked = request(rng, split, language, length, cast)
    messages = [
        *opening(rng, language),
        user(as_typed(asked, rng, language)),
        assistant(tell(rng, language, length, cast)),
    ]
    thinking = rng.random() < THINKING_SHARE
    return Sample(
        skill="story",
        messages=(
            with_thought(messages, plan(language, length, cast)) if thinking else tuple(messages)
        ),
        thinking=thinking,
        check=partial(is_story, Story(language, length, cast.asked)),
    )


def request(rng: Random, split: Split, language: Language, length: Length, cast: Cast) -> str:
    """A wording of the split that asks for a story of that length with that cast."""
    table = parts(language)
    plain: list[str] = table["plain"]
    any_words = bool(cast.topic) or length != "full"
    if not any_words and split == "train" and rng.random() < PLAIN_SHARE:
        return rng.choice(plain)
    while True:
        text = fill(
            rng.choice(table["ask"]),
            rng,
            topic=cast.topic,
            form=rng.choice(table[length]),
        )
        if any_words or (belongs(text, split) and (split == "train" or text not in plain)):
            return text


def tell(rng: Random, language: Language, length: Length, cast: Cast) -> str:
    """A story of that length with that cast."""
    table = parts(language)
    while True:
        chosen = [rng.choice(table[name]) for name in _course(length, cast)]
        sentences = [fill(sentence, rng, **cast.values) for sentence in chosen]
        text = (" " if language == "en" else "").join(sentences)
        if _names_all(text, cast.asked):
            return text


def plan(language: Language, length: Length, cast: Cast) -> str:
    """What the model thinks before it tells the story."""
    hero, kind, thing = (cast.values[name] for name in ("name", "kind", "thing"))
    if language == "en":
        size = {"full": "a story", "short": "a short story", "two": "two sentences"}[length]
        return f"I write {size}: {hero} the {kind} looks for the {thing}, and it ends well."
    size = {"full": "一个故事", "short": "一个短故事", "two": "两句话"}[length]
    return f"我写{size}：{kind}{hero}寻找{thing}，结局圆满。"


def is_story(wanted: Story, answer: Message) -> bool:
    """Whether an answer is long enough, names what was asked, ends and does not go in circles."""
    text = str(answer.get("content") or "").strip()
    if answer.get("tool_calls") or not text.endswith((".", "。")):
        return False
    amount = len(text.split()) if wanted.language == "en" else len(text)
    sentences = [part.strip() for part in text.replace("。", ".").split(".") if part.strip()]
    return (
        amount >= LEAST_LENGTH[wanted.language][wanted.length]
        and _names_all(text, wanted.named)
        and all(sentences.count(sentence) < 3 for sentence in sentences)
        and (wanted.length != "two" or len(sentences) == 2)
    )


def _course(length: Length, cast: Cast) -> tuple[str, ...]:
    if length == "two":
        return ("two_sentences",)
    if length == "full":
        return FULL
    return SHORT_WITH_FRIEND if cast.values["friend"] in cast.asked else SHORT


def _names_all(text: str, named: tuple[str, ...]) -> bool:
    return all(name.lower() in text.lower() for name in named)


SKILL = Skill(name="story", generate=generate, target=0.8, weight=0.4)
