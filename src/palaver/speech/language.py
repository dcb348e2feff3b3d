"""Detecting the language of a sentence that is to be spoken."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

DEFAULT_LANGUAGE = "en"

_SCRIPTS = (
    (re.compile(r"[\u3040-\u30ff]"), "ja"),
    (re.compile(r"[\uac00-\ud7af]"), "ko"),
    (re.compile(r"[\u3400-\u9fff\uf900-\ufaff]"), "zh"),
    (re.compile(r"[\u0400-\u04ff]"), "ru"),
    (re.compile(r"[\u0370-\u03ff]"), "el"),
    (re.compile(r"[\u0590-\u05ff]"), "he"),
    (re.compile(r"[\u0600-\u06ff]"), "ar"),
    (re.compile(r"[\u0900-\u097f]"), "hi"),
    (re.compile(r"[\u0e00-\u0e7f]"), "th"),
)
_LATIN = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv"),
    *("tr", "vi", "cs", "da", "fi", "ro", "hu", "id"),
)
_LEAST_LETTERS = 20

LANGUAGES = (*dict.fromkeys([*_LATIN, *(language for _, language in _SCRIPTS)]),)
"""The languages that are detected."""


def language_of(text: str, before: str = DEFAULT_LANGUAGE) -> str:
    """The language of ``text``, as a two-letter code.

    A script that belongs to one language decides alone. Latin text is classified by its statistics
    if it is long enough; otherwise it keeps the language of the text before it.

    Args:
        text: A sentence.
        before: The language of the text before it.
    """
    for script, language in _SCRIPTS:
        if script.search(text):
            return language
    if sum(character.isalpha() for character in text) < _LEAST_LETTERS:
        return before if before in _LATIN or not re.search("[A-Za-z]", text) else DEFAULT_LANGUAGE
    language = _identifier().classify(text)[0]
    return str(language)


@cache
def _identifier() -> Any:
    """The language classifier, loaded once; without its package, one that knows one language."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415
    except ImportError:
        return _OneLanguage()
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(_LATIN))
    return identifier


class _OneLanguage:
    def classify(self, _: str) -> tuple[str, float]:
        return DEFAULT_LANGUAGE, 0.0
