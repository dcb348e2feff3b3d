from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.chat.reasoning import CLOSE, OPEN, Piece, ReasoningSplitter, opening_in
from tests.chat.cutting import cut

FRAGMENTS = (OPEN, CLOSE, "<", "</", "<thi", "</think", "think>", " ", "\n", "\u3000", "a", "b c")
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=10).map("".join)
PIECES = cut(TEXTS)


def split(pieces: list[str], *, is_open: bool) -> Piece:
    splitter = ReasoningSplitter(is_open)
    parts = [splitter.feed(piece) for piece in pieces] + [splitter.flush()]
    return Piece("".join(p.content for p in parts), "".join(p.reasoning for p in parts))


def split_at_once(text: str, *, is_open: bool) -> Piece:
    """The same as a definition, with the whole text in hand."""
    if not is_open:
        if not text.lstrip().startswith(OPEN):
            return Piece(content=text)
        text = text.lstrip().removeprefix(OPEN)
    thinking, tag, answer = text.lstrip().partition(CLOSE)
    if not tag:
        return Piece(reasoning=thinking)
    return Piece(answer.lstrip(), thinking.rstrip())


@given(PIECES, st.booleans())
def test_every_cutting_gives_what_the_whole_text_gives(pieces: list[str], is_open: bool) -> None:
    expected = split_at_once("".join(pieces), is_open=is_open)
    assert split(pieces, is_open=is_open) == expected


@given(TEXTS, st.booleans())
def test_character_by_character_gives_what_the_whole_text_gives(text: str, is_open: bool) -> None:
    assert split(list(text), is_open=is_open) == split([text], is_open=is_open)


@given(PIECES, st.booleans())
def test_after_the_first_content_there_is_no_more_thinking(
    pieces: list[str], is_open: bool
) -> None:
    splitter = ReasoningSplitter(is_open)
    has_content = False
    for piece in [*(splitter.feed(piece) for piece in pieces), splitter.flush()]:
        assert not (has_content and piece.reasoning)
        has_content = has_content or bool(piece.content)


@pytest.mark.parametrize("is_open", [False, True])
def test_a_tag_split_over_pieces_is_found(is_open: bool) -> None:
    pieces = ["we", "igh</t", "hin", "k>an", "swer"]
    if not is_open:
        pieces = ["<th", "ink", ">", *pieces]
    assert split(pieces, is_open=is_open) == Piece("answer", "weigh")


def test_thinking_leaves_as_it_comes() -> None:
    splitter = ReasoningSplitter(is_open=True)
    assert splitter.feed("first ") == Piece(reasoning="first")
    assert splitter.feed("second </") == Piece(reasoning=" second")
    assert splitter.feed("b>") == Piece(reasoning=" </b>")
    assert splitter.is_thinking
    assert splitter.feed("</think>done") == Piece(content="done")
    assert not splitter.is_thinking


def test_an_answer_without_thinking_leaves_at_once_and_keeps_its_white_space() -> None:
    splitter = ReasoningSplitter(is_open=False)
    assert splitter.feed("  ") == Piece()
    assert splitter.feed("a ") == Piece(content="  a ")
    assert splitter.feed("<think>") == Piece(content="<think>")


def test_an_answer_may_speak_of_the_tags() -> None:
    text = "The tags are <think> and </think>."
    assert split(list(text), is_open=False) == Piece(content=text)


def test_a_second_thought_is_part_of_the_answer() -> None:
    text = "<think>one</think>two<think>three</think>"
    assert split([text], is_open=False) == Piece("two<think>three</think>", "one")


def test_white_space_next_to_the_tags_belongs_to_neither() -> None:
    text = "\n <think>\n\n a  b \n</think>\n\nc \n"
    assert split(list(text), is_open=False) == Piece("c \n", "a  b")


def test_empty_thinking_is_no_thinking() -> None:
    assert split(["<think>\n\n</think>\n\nyes"], is_open=False) == Piece("yes", "")


@pytest.mark.parametrize("end", ["", "<", "</think", "\n\n"])
def test_unfinished_thinking_is_all_thinking_to_its_last_character(end: str) -> None:
    assert split(["still on it" + end], is_open=True) == Piece(reasoning="still on it" + end)


@pytest.mark.parametrize("text", ["<", "<think", " \n", "\n<thi"])
def test_an_answer_that_ends_inside_a_possible_tag_is_content(text: str) -> None:
    assert split([text], is_open=False) == Piece(content=text)


@pytest.mark.parametrize(
    ("prompt", "opening"),
    [
        ("assistant\n<think>\n", "<think>\n"),
        ("assistant\n<think>", "<think>"),
        ("<think>\n\n</think>\n\n", ""),
        ("<think> no", ""),
        ("", ""),
    ],
)
def test_the_opening_tag_of_a_prompt_is_found_at_its_end_only(prompt: str, opening: str) -> None:
    assert opening_in(prompt) == opening
