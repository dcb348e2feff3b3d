from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from palaver.chat.detokenizer import Detokenizer
from palaver.chat.tokenizer import Tokenizer


def read(tokenizer: Tokenizer, token_ids: Iterable[int]) -> str:
    detokenizer = Detokenizer(tokenizer)
    return "".join(map(detokenizer.feed, token_ids)) + detokenizer.flush()


@given(text=st.text())
def test_built_in_tokens_decode_to_their_text(built_in_tokenizer: Tokenizer, text: str) -> None:
    assume(not any(name in text for name in built_in_tokenizer.special_tokens.values()))
    assert read(built_in_tokenizer, built_in_tokenizer.encode(text)) == text


@given(text=st.text().filter(lambda text: "▁" not in text))
def test_llama_tokens_decode_to_their_text_without_the_prepended_space(
    llama_tokenizer: Tokenizer, text: str
) -> None:
    assert read(llama_tokenizer, llama_tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", ["a b", "Hi 你好", "c\nd"])
def test_metaspace_tokens_decode_to_their_text_without_the_prepended_space(
    metaspace_tokenizer: Tokenizer, text: str
) -> None:
    assert read(metaspace_tokenizer, metaspace_tokenizer.encode(text)) == text


@given(data=st.binary(max_size=24))
def test_bytes_decode_the_same_in_chunks_and_at_once(
    byte_tokenizer: Tokenizer, data: bytes
) -> None:
    ids_of = {byte_tokenizer.bytes_of(i): i for i in range(256)}
    token_ids = [ids_of[bytes([byte])] for byte in data]
    assert read(byte_tokenizer, token_ids) == data.decode(errors="replace")


@given(text=st.text())
def test_only_complete_characters_are_returned(byte_tokenizer: Tokenizer, text: str) -> None:
    detokenizer = Detokenizer(byte_tokenizer)
    shown = ""
    for token_id in byte_tokenizer.encode(text):
        shown += detokenizer.feed(token_id)
        assert text.startswith(shown)


def test_a_character_waits_for_its_last_byte(byte_tokenizer: Tokenizer) -> None:
    detokenizer = Detokenizer(byte_tokenizer)
    assert list(map(detokenizer.feed, byte_tokenizer.encode("a你"))) == ["a", "", "", "你"]
    assert detokenizer.flush() == ""


def test_an_incomplete_character_at_the_end_becomes_a_replacement(
    byte_tokenizer: Tokenizer,
) -> None:
    assert read(byte_tokenizer, byte_tokenizer.encode("a👋")[:-1]) == "a\ufffd"


def test_only_the_first_space_is_dropped(llama_tokenizer: Tokenizer) -> None:
    space = llama_tokenizer.id_of("▁")
    spaces = llama_tokenizer.id_of("▁▁")
    word = llama_tokenizer.id_of("▁a")
    begin = llama_tokenizer.id_of("<s>")
    assert space is not None
    assert spaces is not None
    assert word is not None
    assert begin is not None
    assert read(llama_tokenizer, [begin, word, word]) == "a a"
    assert read(llama_tokenizer, [space, word]) == " a"
    assert read(llama_tokenizer, [spaces, word]) == "  a"
