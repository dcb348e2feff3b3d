"""The exams of the built-in model: skills with text, and skills with media."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from palaver_training.multimodal.sample import MediaSample, MediaSkill
from palaver_training.multimodal.skills import MEDIA_SKILLS
from palaver_training.sample import Skill
from palaver_training.skills import SKILLS


@dataclass(frozen=True, slots=True)
class Exam:
    """One line of the examination.

    Attributes:
        name: Of the skill.
        draw: Makes a held-out question; those of skills come without media.
        target: Share of answers that must be right, 0 to 1.
    """

    name: str
    draw: Callable[[Random], MediaSample]
    target: float


def _of_skill(skill: Skill) -> Exam:
    return Exam(
        skill.name, lambda rng: MediaSample(skill.generate(rng, "held_out"), ()), skill.target
    )


def _of_media_skill(skill: MediaSkill) -> Exam:
    return Exam(skill.name, lambda rng: skill.draw(rng, "held_out"), skill.target)


EXAMS: dict[str, Exam] = {
    exam.name: exam
    for exam in (
        *map(_of_skill, SKILLS.values()),
        *(_of_media_skill(skill) for skill in MEDIA_SKILLS.values() if skill.is_examined),
    )
}
