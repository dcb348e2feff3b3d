"""Messages cut out of a stream of bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from palaver.host.frames import FrameReader, frame

_SIZES = st.lists(st.sampled_from([0, 1, 5, 1000, 65_531, 65_532, 65_533, 70_000, 200_000]))


@given(_SIZES, st.lists(st.integers(1, 90_000), min_size=1))
def test_messages_are_read_however_the_stream_is_cut(sizes: list[int], steps: list[int]) -> None:
    messages = [bytes([i % 251]) * size for i, size in enumerate(sizes)]
    stream = b"".join(map(frame, messages))
    reader, found, i = FrameReader(), [], 0
    while stream:
        buffer = reader.writable()
        num = min(len(buffer), steps[i % len(steps)], len(stream))
        buffer[:num] = stream[:num]
        stream, i = stream[num:], i + 1
        found += reader.advance(num)
    assert found == messages


def test_a_message_starts_with_its_length_in_four_bytes_little_endian() -> None:
    assert frame(b"abc") == b"\x03\x00\x00\x00abc"
