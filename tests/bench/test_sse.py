from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.bench.sse import EventParser

LINE_ENDS = ("\n", "\r\n", "\r")


def parse(*chunks: bytes) -> list[bytes]:
    parser = EventParser()
    return [data for chunk in chunks for data in parser.feed(chunk)] + parser.close()


@pytest.mark.parametrize("end", LINE_ENDS)
def test_every_line_end_of_the_standard_is_one(end: str) -> None:
    stream = "data: one\n\ndata: two\n\n".replace("\n", end).encode()
    assert parse(stream) == [b"one", b"two"]


def test_event_is_given_as_soon_as_its_blank_line_is_there() -> None:
    parser = EventParser()
    assert parser.feed(b"data: one\r\n") == []
    assert parser.feed(b"\r") == [b"one"]
    assert parser.feed(b"\ndata: two\r\n\r") == [b"two"]
    assert parser.feed(b"\n") == []
    assert parser.close() == []


def test_comments_and_other_fields_are_passed_over() -> None:
    stream = b": keep-alive\n\nid: 4\nevent: message\nretry: 10\ndata: one\n\nevent: ping\n\n"
    assert parse(stream) == [b"one"]


def test_lines_of_data_are_joined_into_one_event() -> None:
    assert parse(b"data: {\ndata:   1}\n\n") == [b"{\n  1}"]


def test_only_one_space_after_the_colon_is_dropped_and_none_is_needed() -> None:
    assert parse(b"data:one\n\ndata:  two\n\n") == [b"one", b" two"]


def test_last_event_without_blank_line_is_not_lost() -> None:
    assert parse(b"data: one\n\ndata: two") == [b"one", b"two"]
    assert parse(b"data: one\n") == [b"one"]


texts = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(texts, min_size=1, max_size=3), max_size=5), st.data())
def test_cuts_between_chunks_change_nothing(events: list[list[str]], data: st.DataObject) -> None:
    stream = b""
    for lines in events:
        for line in (*(f"data: {text}" for text in lines), ": comment", ""):
            stream += line.encode() + data.draw(st.sampled_from(LINE_ENDS)).encode()
    expected = parse(stream)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    assert parse(*chunks) == expected


@given(st.lists(st.lists(texts, min_size=1, max_size=3), max_size=5), st.sampled_from(LINE_ENDS))
def test_events_are_read_as_they_were_sent(events: list[list[str]], end: str) -> None:
    stream = "".join(
        "".join(f"data: {text}{end}" for text in lines) + end for lines in events
    ).encode()
    assert parse(stream) == ["\n".join(lines).encode() for lines in events]
