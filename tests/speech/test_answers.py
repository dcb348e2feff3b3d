"""Spoken answers stored by their ids."""

from __future__ import annotations

import pytest

from palaver.errors import InvalidRequest
from palaver.speech.answers import LIFETIME_S, SpokenAnswers


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.5

    def __call__(self) -> float:
        return self.now_s


def test_a_spoken_answer_is_found_until_it_expires() -> None:
    clock = Clock()
    answers = SpokenAnswers(clock)
    assert answers.keep("audio_1", "Hello.") == 1000 + LIFETIME_S
    clock.now_s += LIFETIME_S - 1
    assert answers.find("audio_1", "messages[1].audio.id") == "Hello."
    clock.now_s += 1
    with pytest.raises(InvalidRequest, match="expired") as caught:
        answers.find("audio_1", "messages[1].audio.id")
    assert caught.value.param == "messages[1].audio.id"


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no spoken answer 'nope'"):
        SpokenAnswers().find("nope", "messages[0].audio.id")


def test_the_least_recently_used_answers_are_dropped_when_the_limit_is_reached() -> None:
    answers = SpokenAnswers(Clock(), max_characters=10)
    for name in ("a", "b", "c"):
        answers.keep(name, "12345")
    answers.keep("too long", "12345678901")
    assert answers.find("c", "x") == answers.find("b", "x") == "12345"
    with pytest.raises(InvalidRequest):
        answers.find("too long", "x")
    with pytest.raises(InvalidRequest):
        answers.find("a", "x")
