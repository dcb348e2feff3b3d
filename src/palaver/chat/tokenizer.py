"""Turns text into tokens, and each token into its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tokenizers import Tokenizer as Backend

from palaver.errors import ModelFolderError

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_METASPACE = "▁"


class Tokenizer:
    """A model's vocabulary.

    Attributes:
        longest_token_characters: Length of the longest token's text.

    Args:
        description: The text of a ``tokenizer.json``.
        source: Where it comes from, for messages.

    Raises:
        ModelFolderError: The text describes no tokenizer.
    """

    def __init__(self, description: str, source: str = "tokenizer.json") -> None:
        try:
            self._backend = Backend.from_str(description)
        except Exception as error:  # the library raises bare Exception
            raise ModelFolderError(f"{source}: cannot be read as a tokenizer: {error}") from error
        self._backend.no_truncation()  # some files carry the length of their training batches
        self._backend.no_padding()
        layout: dict[str, Any] = json.loads(description)
        added = layout.get("added_tokens", [])
        self._added: dict[int, str] = {token["id"]: token["content"] for token in added}
        self._hidden = {token["id"] for token in added if token["special"]}
        decoders = list(_flat(layout.get("decoder")))
        self._is_byte_level = any(decoder["type"] == "ByteLevel" for decoder in decoders)
        self._strips_first_space = any(_strips_first_space(decoder) for decoder in decoders)
        self._bytes: dict[int, bytes] = {}
        self.longest_token_characters = max(map(len, self._backend.get_vocab()), default=1)

    @property
    def vocab_size(self) -> int:
        """Number of tokens, added ones included."""
        return self._backend.get_vocab_size(with_added_tokens=True)

    @property
    def strips_first_space(self) -> bool:
        """Whether an answer's text drops one space at its beginning."""
        return self._strips_first_space

    def encode(self, text: str) -> list[int]:
        """The token ids of ``text``; markers in it become their tokens, no others are added.

        It encodes a batch of one, which lets other threads run meanwhile.
        """
        (encoding,) = self._backend.encode_batch_fast([text], add_special_tokens=False)
        return list(encoding.ids)

    def id_of(self, token: str) -> int | None:
        """The id of one token, ``None`` if there is none of that name."""
        return self._backend.token_to_id(token)

    def has_token(self, token: str) -> bool:
        """Whether there is a token of that name."""
        return self._backend.token_to_id(token) is not None

    def name_of(self, token_id: int) -> str:
        """A token's name in the vocabulary, ``""`` for padding of the vocabulary."""
        return self._added.get(token_id) or self._backend.id_to_token(token_id) or ""

    @property
    def added_tokens(self) -> Mapping[int, str]:
        """Tokens that were added to the vocabulary, special or not, with their names."""
        return self._added

    @property
    def special_tokens(self) -> Mapping[int, str]:
        """The names of the tokens without text."""
        return {i: name for i, name in self._added.items() if i in self._hidden}

    @property
    def marker_tokens(self) -> Mapping[int, str]:
        """The names of the tokens that are no plain text to a grammar (llguidance's rule)."""
        return {
            i: name
            for i, name in self._added.items()
            if i in self._hidden or (name.startswith("<") and name.endswith(">"))
        }

    def bytes_of(self, token_id: int) -> bytes:
        """A token's bytes in the text of an answer; special tokens have none."""
        if token_id not in self._bytes:
            self._bytes[token_id] = self._compute_bytes(token_id)
        return self._bytes[token_id]

    def _compute_bytes(self, token_id: int) -> bytes:
        if token_id in self._hidden:
            return b""
        if token_id in self._added:
            return self._added[token_id].encode()
        token = self._backend.id_to_token(token_id)
        if token is None:
            return b""  # padding of the vocabulary that the model was trained with
        if self._is_byte_level:
            return _byte_level_bytes(token)
        if match := _BYTE_TOKEN.fullmatch(token):
            return bytes([int(match[1], 16)])
        return token.replace(_METASPACE, " ").encode()


def _flat(decoder: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """A decoder and its parts."""
    if decoder is not None:
        yield decoder
        for part in decoder.get("decoders", ()):
            yield from _flat(part)


def _strips_first_space(decoder: dict[str, Any]) -> bool:
    if decoder["type"] == "Metaspace":
        if "prepend_scheme" in decoder:
            return bool(decoder["prepend_scheme"] != "never")
        return bool(decoder.get("add_prefix_space", True))
    return bool(decoder["type"] == "Strip" and decoder["content"] == " " and decoder["start"])


def _byte_level_bytes(token: str) -> bytes:
    """A byte-level token's bytes; one with other characters is taken as UTF-8."""
    alphabet = _byte_level_alphabet()
    if all(character in alphabet for character in token):
        return bytes(alphabet[character] for character in token)
    return token.encode()


@cache
def _byte_level_alphabet() -> dict[str, int]:
    """The byte of each character of a byte-level vocabulary (GPT-2's mapping)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + i): byte for i, byte in enumerate(others)
    }
