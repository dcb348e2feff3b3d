"""What the built-in model is examined on: skills with text, and senses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from training.multimodal.sample import Perception, Sense
from training.multimodal.skills import SENSES
from training.sample import Skill
from training.skills import SKILLS


@dataclass(frozen=True, slots=True)
class Exam:
    """One line of the examination.

    Attributes:
        name: Of the skill or sense.
        draw: Makes a held-out question; those of skills come without media.
        target: Share of answers that must be right, 0 to 1.
    """

    name: str
    draw: Callable[[Random], Perception]
    target: float


def _of_skill(skill: Skill) -> Exam:
    return Exam(
        skill.name, lambda rng: Perception(skill.generate(rng, "held_out"), ()), skill.target
    )


def _of_sense(sense: Sense) -> Exam:
    return Exam(sense.name, lambda rng: sense.draw(rng, "held_out"), sense.target)


EXAMS: dict[str, Exam] = {
    exam.name: exam
    for exam in (
        *map(_of_skill, SKILLS.values()),
        *(_of_sense(sense) for sense in SENSES.values() if sense.is_examined),
    )
}
