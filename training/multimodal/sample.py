"""A question about pictures, video or sound, with its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from palaver.multimodal.media import Audio, Image, Media
from training.sample import Message, Sample, Split

_PART_OF = {Image: "image", Audio: "audio"}

Draw: TypeAlias = Callable[[Random, Split], "Perception"]


@dataclass(frozen=True, slots=True)
class Perception:
    """A conversation with media.

    Attributes:
        sample: The conversation; its parts name the media.
        media: Pictures, video and sound, in the order in which they come.
    """

    sample: Sample
    media: tuple[Media, ...]


@dataclass(frozen=True, slots=True)
class Sense:
    """Something that the model should be able to see or hear.

    Attributes:
        name: Its name in reports.
        draw: Makes one perception of a split from a random generator.
        weight: How often training draws it, relative to the others.
        target: Share of held-out perceptions that must be answered right, 0 to 1.
        is_examined: Whether it has held-out perceptions; the others teach what these rest on.
    """

    name: str
    draw: Draw
    weight: float = 1.0
    target: float = 0.9
    is_examined: bool = True


Question: TypeAlias = tuple[Sequence[tuple[str, str]], tuple[str, str]]
"""Wordings in English and Chinese, and the answer in both."""


def asked(
    skill: str,
    rng: Random,
    media: Sequence[Media],
    questions: Sequence[tuple[str, str]],
    answers: tuple[str, str],
) -> Perception:
    """A question about media, in English or Chinese, before or behind them.

    Args:
        skill: Its name.
        rng: What chooses language, wording and order.
        media: What the question is about.
        questions: Wordings in both languages.
        answers: The answer in both languages.
    """
    return talked(skill, rng, media, [(questions, answers)])


def talked(
    skill: str, rng: Random, media: Sequence[Media], questions: Sequence[Question]
) -> Perception:
    """Several questions about the same media, one after another."""
    language = rng.randrange(2)
    messages: list[Message] = []
    for wordings, answers in questions:
        question: Any = {"type": "text", "text": rng.choice(wordings)[language]}
        if not messages:
            parts = [{"type": _PART_OF.get(type(piece), "video")} for piece in media]
            content = [*parts, question] if rng.random() < 0.7 else [question, *parts]
        else:
            content = question["text"]
        messages.append({"role": "user", "content": content})
        messages.append({"role": "assistant", "content": answers[language]})
    return Perception(Sample(skill, tuple(messages)), tuple(media))


def joined(first: Perception, second: Perception) -> Perception:
    """Two perceptions in one conversation."""
    sample = second.sample
    messages = (*first.sample.messages, *sample.messages)
    return Perception(Sample(sample.skill, messages, sample.tools), first.media + second.media)
