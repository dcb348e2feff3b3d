"""The part of an answer that is spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.chat.families.catalogue import HERMES
from palaver.speech.spoken_text import SpokenText


def read(*pieces: str) -> str:
    spoken_text = SpokenText(HERMES)
    return "".join([*(spoken_text.feed(piece) for piece in pieces), spoken_text.flush()])


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Just text.", "Just text."),
        ("<think>\nhm\n</think>\n\nThe answer.", "The answer."),
        ("<think>never ends", ""),
        ("Look:\n```json\n{1}\n```\nDone.", "Look:\nDone."),
        ("Look:\n```\ncode without an end", "Look:\n"),
        ("Not `a` fence, ``nor`` this", "Not `a` fence, ``nor`` this"),
        ("a ``` within a line", "a ``` within a line"),
        ('{"a": 1}', '{"a": 1}'),
        ("```json\n{1}\n```", "```json\n{1}\n```"),
        ("<think>x</think>```\ncode\n```", "```\ncode\n```"),
        ("", ""),
    ],
)
def test_thinking_and_code_are_skipped_unless_they_are_the_answer(answer: str, text: str) -> None:
    assert read(answer) == text


@given(
    pieces=st.lists(
        st.sampled_from(["<think>", "</think>", "```", "`", "a", " ", "\n", "b c", "{"]),
        max_size=20,
    )
)
def test_the_spoken_text_is_the_same_however_the_answer_is_cut(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert read(*pieces) == read(whole) == read(*whole)


def test_a_line_that_is_no_fence_does_not_wait_for_its_end() -> None:
    assert SpokenText(HERMES).feed("Hello there") == "Hello there"


def test_with_separate_thinking_tags_in_the_text_are_spoken() -> None:
    spoken_text = SpokenText()
    assert spoken_text.feed("<think> is a tag.") + spoken_text.flush() == "<think> is a tag."
