from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models

from palaver.chat.tokenizer import Tokenizer
from palaver.errors import ModelFolderError
from tests.chat import vocabularies


def joined(tokenizer: Tokenizer, text: str) -> bytes:
    return b"".join(tokenizer.bytes_of(token_id) for token_id in tokenizer.encode(text))


def has_marker(tokenizer: Tokenizer, text: str) -> bool:
    """Whether a special token, which stands for no text, is written in it."""
    return any(name in text for name in tokenizer.special_tokens.values())


def the_id(tokenizer: Tokenizer, token: str) -> int:
    token_id = tokenizer.id_of(token)
    assert token_id is not None
    return token_id


@given(text=st.text())
def test_bytes_of_built_in_tokens_reassemble_any_text(
    built_in_tokenizer: Tokenizer, text: str
) -> None:
    assume(not has_marker(built_in_tokenizer, text))
    assert joined(built_in_tokenizer, text) == text.encode()


@given(text=st.text())
def test_bytes_of_byte_level_tokens_reassemble_any_text(
    byte_tokenizer: Tokenizer, text: str
) -> None:
    assert joined(byte_tokenizer, text) == text.encode()


@given(text=st.text().filter(lambda text: "▁" not in text))
def test_bytes_of_llama_tokens_reassemble_any_text_behind_one_space(
    llama_tokenizer: Tokenizer, text: str
) -> None:
    assert joined(llama_tokenizer, text) == (b" " + text.encode() if text else b"")


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧 family", "你好，世界！", "naïve ☕", "\x00\r\n\t", "  a  b "]
)
def test_emoji_chinese_and_control_characters_survive(
    built_in_tokenizer: Tokenizer, text: str
) -> None:
    assert joined(built_in_tokenizer, text).decode() == text


def test_a_character_can_span_tokens(byte_tokenizer: Tokenizer) -> None:
    ids = byte_tokenizer.encode("你")
    assert [byte_tokenizer.bytes_of(token_id) for token_id in ids] == [b"\xe4", b"\xbd", b"\xa0"]


@pytest.mark.parametrize("token", ["<|im_start|>", "<|im_end|>", "<|endoftext|>"])
def test_special_tokens_decode_to_nothing(built_in_tokenizer: Tokenizer, token: str) -> None:
    assert built_in_tokenizer.bytes_of(the_id(built_in_tokenizer, token)) == b""


@pytest.mark.parametrize("token", ["<think>", "</think>", "<tool_call>", "</tool_call>"])
def test_thinking_and_tool_markers_are_one_visible_token(
    built_in_tokenizer: Tokenizer, token: str
) -> None:
    token_id = the_id(built_in_tokenizer, token)
    assert built_in_tokenizer.encode(token) == [token_id]
    assert built_in_tokenizer.bytes_of(token_id) == token.encode()


def test_encoding_adds_no_tokens_of_its_own(byte_tokenizer: Tokenizer) -> None:
    assert byte_tokenizer.encode("") == []
    assert byte_tokenizer.encode("hello") == [the_id(byte_tokenizer, "hello")]
    assert byte_tokenizer.encode(vocabularies.END) == [the_id(byte_tokenizer, vocabularies.END)]


def test_an_id_past_the_vocabulary_decodes_to_nothing(byte_tokenizer: Tokenizer) -> None:
    assert byte_tokenizer.bytes_of(byte_tokenizer.vocab_size) == b""


def test_an_unknown_token_has_no_id(byte_tokenizer: Tokenizer) -> None:
    assert byte_tokenizer.id_of("<|nothing|>") is None


def test_byte_fallback_tokens_are_their_byte(llama_tokenizer: Tokenizer) -> None:
    assert llama_tokenizer.bytes_of(the_id(llama_tokenizer, "<0x0A>")) == b"\n"
    assert llama_tokenizer.bytes_of(the_id(llama_tokenizer, "<0xFF>")) == b"\xff"
    assert llama_tokenizer.bytes_of(the_id(llama_tokenizer, "▁a")) == b" a"


def test_the_first_space_is_stripped_where_the_decoder_says_so(
    byte_tokenizer: Tokenizer, llama_tokenizer: Tokenizer, metaspace_tokenizer: Tokenizer
) -> None:
    assert not byte_tokenizer.strips_first_space
    assert llama_tokenizer.strips_first_space
    assert metaspace_tokenizer.strips_first_space


def test_a_metaspace_that_prepends_nothing_strips_nothing(tmp_path: Path) -> None:
    backend = Backend(models.BPE(vocab={"▁a": 0}, merges=[]))
    backend.decoder = decoders.Metaspace(prepend_scheme="never")
    assert not vocabularies.saved(backend, tmp_path / "tokenizer.json").strips_first_space


def test_a_byte_level_token_with_other_characters_decodes_to_itself(tmp_path: Path) -> None:
    backend = Backend(models.BPE(vocab={"中 文": 0, "Ġa": 1}, merges=[]))
    backend.decoder = decoders.ByteLevel()
    tokenizer = vocabularies.saved(backend, tmp_path / "tokenizer.json")
    assert [tokenizer.bytes_of(i) for i in range(2)] == ["中 文".encode(), b" a"]


def test_truncation_and_padding_of_the_file_are_ignored(
    tmp_path: Path, byte_tokenizer: Tokenizer
) -> None:
    path = tmp_path / "tokenizer.json"
    vocabularies.byte_level(path)
    backend = Backend.from_file(str(path))
    backend.enable_truncation(max_length=4)
    backend.enable_padding(length=16)
    tokenizer = vocabularies.saved(backend, path)
    for text in ("abc", "abcdefgh"):
        assert tokenizer.encode(text) == byte_tokenizer.encode(text)


def test_a_file_without_added_tokens_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    vocabularies.byte_level(path)
    layout = json.loads(path.read_text(encoding="utf-8"))
    del layout["added_tokens"]
    path.write_text(json.dumps(layout), encoding="utf-8")
    assert joined(Tokenizer(path.read_text(encoding="utf-8")), "hello") == b"hello"


@pytest.mark.parametrize("content", ["not JSON", "{}"])
def test_an_invalid_tokenizer_is_refused_with_its_source(content: str) -> None:
    with pytest.raises(ModelFolderError, match=r"here/tokenizer\.json"):
        Tokenizer(content, "here/tokenizer.json")
