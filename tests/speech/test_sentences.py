"""Texts cut into sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.speech.sentences import MAX_CHARACTERS, SentenceSplitter, readable

TEXTS = st.text(st.sampled_from('ab. !?…。！；\n"”)*,， 1'), max_size=900)


def cut(*pieces: str) -> list[str]:
    splitter = SentenceSplitter()
    return [s for piece in pieces for s in splitter.feed(piece)] + splitter.flush()


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", " Two!", " Three?"]),
        ("你好。今天好吗？好！", ["你好。", "今天好吗？", "好！"]),
        ('"Stop!" he said. “好。”然后', ['"Stop!"', " he said.", " “好。”", "然后"]),
        ("Pi is 3.14, not 3.", ["Pi is 3.14, not 3."]),
        ("Dr. Who met Mr. J. Smith. Yes.", ["Dr. Who met Mr. J. Smith.", " Yes."]),
        ("1. Milk\n2. Eggs\n", ["1. Milk\n", "2. Eggs\n"]),
        ("Well... yes.", ["Well...", " yes."]),
        ("", []),
    ],
)
def test_sentences_end_at_punctuation(text: str, sentences: list[str]) -> None:
    assert cut(text) == sentences


def test_a_sentence_comes_as_soon_as_it_is_certain() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Hello there.") == []
    assert splitter.feed(" How") == ["Hello there."]


@given(text=TEXTS, seed=st.randoms(use_true_random=False))
def test_sentences_join_to_the_text_however_it_is_cut(text: str, seed: object) -> None:
    sentences = cut(text)
    assert "".join(sentences) == text
    assert cut(*text) == sentences
    assert cut(*(text[i : i + 7] for i in range(0, len(text), 7))) == sentences


def test_a_text_without_an_end_is_cut_at_words() -> None:
    sentences = cut("word " * 200)
    assert len(sentences) > 3
    assert all(len(s) <= MAX_CHARACTERS and s.endswith("word ") for s in sentences)


def test_a_word_without_an_end_is_cut_somewhere() -> None:
    assert [len(s) for s in cut("x" * 700)] == [300, 300, 100]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("**Bold**, _thin_ `code`", "Bold, thin code"),
        ("snake_case", "snake case"),
        ("# Title", "Title"),
        ("- an item", "an item"),
        ("see [the page](http://x.y/z_z)", "see the page"),
        ("3 * 4 = 12", "3 * 4 = 12"),
    ],
)
def test_punctuation_is_not_spoken(text: str, read: str) -> None:
    assert readable(text) == read
