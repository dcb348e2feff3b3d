"""The skills that the model is trained in and examined on."""

from __future__ import annotations

import sys
from importlib import import_module

from training.sample import Skill

ORDER = (
    "about",
    "arithmetic",
    "instructions",
    "memory",
    "extraction",
    "tools",
    "story",
    "beyond",
    "copying",
)


def _present() -> dict[str, Skill]:
    skills = {}
    for name in ORDER:
        try:
            skills[name] = import_module(f"training.skills.{name}").SKILL
        except Exception as error:
            print(f"skill {name} is missing: {error!r}", file=sys.stderr)
    return skills


SKILLS: dict[str, Skill] = _present()
"""Every skill by its name."""
