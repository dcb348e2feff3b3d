"""A question about images, video or audio, with its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from palaver_training.multimodal.media import Media, kind_of
from palaver_training.sample import Message, Sample, Split

Draw: TypeAlias = Callable[[Random, Split], "MediaSample"]


@dataclass(frozen=True, slots=True)
class MediaSample:
    """A conversation with media.

    Attributes:
        sample: The conversation; its parts name the media.
        media: Images, video and audio, in the order in which they come.
    """

    sample: Sample
    media: tuple[Media, ...]


@dataclass(frozen=True, slots=True)
class MediaSkill:
    """A skill with images, video or audio.

    Attributes:
        name: Its name in reports.
        draw: Makes one sample of a split from a random generator.
        weight: How often training draws it, relative to the others.
        target: Share of held-out samples that must be answered right, 0 to 1.
        is_examined: Whether it has held-out samples; the others teach what these rest on.
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
) -> MediaSample:
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
) -> MediaSample:
    """Several questions about the same media, one after another."""
    language = rng.randrange(2)
    messages: list[Message] = []
    for wordings, answers in questions:
        question: Any = {"type": "text", "text": rng.choice(wordings)[language]}
        if not messages:
            parts = [{"type": kind_of(piece)} for piece in media]
            content = [*parts, question] if rng.random() < 0.7 else [question, *parts]
        else:
            content = question["text"]
        messages.append({"role": "user", "content": content})
        messages.append({"role": "assistant", "content": answers[language]})
    return MediaSample(Sample(skill, tuple(messages)), tuple(media))


def joined(first: MediaSample, second: MediaSample) -> MediaSample:
    """Two samples in one conversation."""
    sample = second.sample
    messages = (*first.sample.messages, *sample.messages)
    return MediaSample(Sample(sample.skill, messages, sample.tools), first.media + second.media)
