"""Base64 decoded chunk by chunk."""

from __future__ import annotations

import base64
import binascii
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.media import base64_text
from palaver.media.base64_text import decoded


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base64_text, "_CHUNK_CHARACTERS", 7)


@given(content=st.binary(max_size=80), spaces=st.lists(st.integers(0, 120), max_size=6))
def test_chunks_decode_to_the_bytes_with_white_space_anywhere(
    content: bytes, spaces: list[int]
) -> None:
    text = base64.b64encode(content).decode()
    for place in spaces:
        text = f"{text[:place]}\n {text[place:]}"
    assert decoded(text) == content
    assert decoded(text.replace("=", "")) == content


@given(st.text(alphabet="AZaz09+/ -_*ü", max_size=60))
def test_text_refused_in_one_chunk_is_refused_in_several(text: str) -> None:
    compact = "".join(text.split())
    try:
        whole = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            decoded(text)
    else:
        assert decoded(text) == whole


@pytest.mark.parametrize("text", ["QQ==QQ==", "QUJDREVGRw==QUJD", "QUJDREVGRw== QQ", "=QUJ"])
def test_nothing_may_follow_padding(text: str) -> None:
    with pytest.raises(binascii.Error):
        decoded(text)


def test_a_large_text_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    content = random.Random(1).randbytes(300_001)
    assert decoded(base64.b64encode(content).decode()) == content
