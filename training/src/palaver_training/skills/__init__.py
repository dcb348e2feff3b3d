"""The skills that the model is trained in and examined on."""

from __future__ import annotations

from palaver_training.sample import Skill
from palaver_training.skills import (
    about,
    arithmetic,
    beyond,
    copying,
    extraction,
    instructions,
    memory,
    story,
    tools,
)

SKILLS: dict[str, Skill] = {
    module.SKILL.name: module.SKILL
    for module in (
        about,
        arithmetic,
        instructions,
        memory,
        extraction,
        tools,
        story,
        beyond,
        copying,
    )
}
"""Every skill by its name."""
