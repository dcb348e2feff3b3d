"""Text and bytes cut into pieces in every possible way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from palaver.chat.tokenizer import Tokenizer

FRAGMENTS: tuple[str | bytes, ...] = (
    *("<think>", "</think>", "</", "<", "\n", " ", "hello", "X", "Y", "é", "你", "好", "👋"),
    *(b"\xe4", b"\xe4\xbd", b"\x80", b"\xf0\x9f", b"\xff"),
)
STOPS = ("X", "XY", "YX", " ", "\n\n", "lo\n", "好", "你X", "👋", "\ufffd", "Y\ufffd")


@st.composite
def cut(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[str]:
    """The pieces of a text, some of them possibly empty."""
    text = draw(texts)
    places = draw(st.lists(st.integers(0, len(text)), max_size=len(text)))
    bounds = [0, *sorted(places), len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]


class CutTokenizer(Tokenizer):
    """A vocabulary in which the answer's tokens are exactly these pieces."""

    def __init__(self, base: Tokenizer, pieces: Sequence[bytes], *, strips_space: bool) -> None:
        self.__dict__.update(base.__dict__)
        self._pieces = pieces
        self._strips_first_space = strips_space

    def bytes_of(self, token_id: int) -> bytes:
        return self._pieces[token_id]


@st.composite
def cut_bytes(draw: st.DrawFn) -> list[bytes]:
    """The pieces of an answer, of which some are empty and some end inside a character."""
    fragments = draw(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=8))
    data = b"".join(f if isinstance(f, bytes) else f.encode() for f in fragments)
    places = draw(st.lists(st.integers(0, len(data)), max_size=len(data)))
    return [data[a:b] for a, b in pairwise([0, *sorted(places), len(data)])]
