from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.chat.stop import StopMatcher, num_overlapping
from tests.chat.cutting import cut

STOPS = st.lists(st.text("ab<", min_size=1, max_size=4), max_size=4)
PIECES = cut(st.text("ab<", max_size=24))


def first_end(text: str, stops: Sequence[str]) -> int | None:
    """The end of the first complete stop string, found by trying every prefix of the text."""
    for end in range(1, len(text) + 1):
        if any(text[:end].endswith(stop) for stop in stops):
            return end
    return None


@given(PIECES, STOPS)
def test_text_cut_anywhere_passes_up_to_its_first_stop(pieces: list[str], stops: list[str]) -> None:
    matcher = StopMatcher(stops)
    shown = "".join(matcher.feed(piece) for piece in pieces)
    shown += matcher.flush()
    text = "".join(pieces)
    end = first_end(text, stops)
    assert shown == text[:end]
    assert matcher.is_matched == (end is not None)


@given(PIECES, STOPS)
def test_only_text_that_may_begin_a_stop_is_held_back(pieces: list[str], stops: list[str]) -> None:
    matcher = StopMatcher(stops)
    fed = shown = ""
    for piece in pieces:
        fed += piece
        shown += matcher.feed(piece)
        if matcher.is_matched:
            break
        assert fed.startswith(shown)
        held = fed[len(shown) :]
        assert not held or any(stop.startswith(held) and stop != held for stop in stops)


@given(PIECES, STOPS)
def test_the_matching_chunk_is_cut_at_the_stop(pieces: list[str], stops: list[str]) -> None:
    matcher = StopMatcher(stops)
    fed = shown = ""
    for piece in pieces:
        fed += piece
        shown += matcher.feed(piece)
        assert matcher.is_matched == (first_end(fed, stops) is not None)
        if matcher.is_matched:
            assert any(shown.endswith(stop) for stop in stops)


def test_stop_string_spanning_pieces_is_held_back_until_it_is_complete() -> None:
    matcher = StopMatcher(["END"])
    assert [matcher.feed(piece) for piece in ("ok E", "N", "D and more", "yet more")] == [
        "ok ",
        "",
        "END",
        "",
    ]
    assert matcher.is_matched
    assert matcher.flush() == ""


def test_held_back_text_is_released_as_soon_as_it_cannot_be_a_stop() -> None:
    matcher = StopMatcher(["END"])
    assert matcher.feed("E") == ""
    assert matcher.feed("x") == "Ex"


def test_held_back_text_is_released_once_at_the_end() -> None:
    matcher = StopMatcher(["END"])
    assert matcher.feed("EN") == ""
    assert matcher.flush() == "EN"
    assert matcher.flush() == ""
    assert not matcher.is_matched


def test_of_two_stops_the_one_that_is_complete_first_ends_the_text() -> None:
    matcher = StopMatcher(["abcd", "bc"])
    assert matcher.feed("abcd") == "abc"


def test_without_stops_everything_passes_at_once() -> None:
    matcher = StopMatcher([])
    assert matcher.feed("all of it") == "all of it"
    assert not matcher.is_matched


@pytest.mark.parametrize(
    ("text", "marker", "num"),
    [("xab", "abc", 2), ("abc", "abc", 0), ("", "abc", 0), ("xaa", "aaa", 2), ("abx", "abc", 0)],
)
def test_overlap_is_the_longest_end_that_begins_the_marker(
    text: str, marker: str, num: int
) -> None:
    assert num_overlapping(text, marker) == num
