"""Greetings and thanks with the answers that the ``about`` skill gives, for other skills' chats."""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random

from palaver_training.skills.turns import Language

_FACTS = tomllib.loads(
    (Path(__file__).parent / "about_facts" / "greetings.toml").read_text(encoding="utf-8")
)


def small_talk(rng: Random, language: Language, subjects: tuple[str, ...] = ()) -> tuple[str, str]:
    """Something the user says for politeness, and the answer to it.

    ``subjects`` names tables of ``greetings.toml``; without any, all are used.
    """
    fact = _FACTS[rng.choice(subjects or tuple(_FACTS))]
    said = [text for text in fact[f"ask_{language}"] if "{" not in text]
    text = rng.choice(said)
    if language == "en" and rng.random() < 0.6:
        text = text[:1].upper() + text[1:]
    return text, fact[language]
