"""Text cut into pieces in every possible way."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st


@st.composite
def cut(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> list[str]:
    """The pieces of a text, some of them possibly empty."""
    text = draw(texts)
    places = draw(st.lists(st.integers(0, len(text)), max_size=len(text)))
    bounds = [0, *sorted(places), len(text)]
    return [text[a:b] for a, b in pairwise(bounds)]
