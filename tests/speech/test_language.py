"""Detection of languages."""

from __future__ import annotations

import pytest

from palaver.speech.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The quick brown fox jumps over the lazy dog.", "en"),
        ("今天天气很好。", "zh"),
        ("これはペンです。", "ja"),
        ("안녕하세요", "ko"),
        ("Привет, как дела?", "ru"),
        ("Guten Morgen, wie geht es Ihnen heute?", "de"),
        ("Bonjour mes amis, comment allez-vous ?", "fr"),
        ("El gato se sienta en la mesa de la cocina.", "es"),
        ("The word 你好 is Chinese.", "zh"),
    ],
)
def test_the_language_of_a_sentence_is_detected(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_short_sentence_keeps_the_previous_language() -> None:
    assert language_of("No.", "es") == "es"
    assert language_of("No.") == "en"
    assert language_of("42", "zh") == "zh"
    assert language_of("OK", "zh") == "en"
