"""Bytes of tokens to text, as far as characters are complete."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from types import MappingProxyType

from palaver.chat.tokenizer import Tokenizer

_new_decoder = codecs.getincrementaldecoder("utf-8")


class Detokenizer:
    """The text of one answer, token by token; a character cut by tokens waits for its rest.

    Args:
        tokenizer: Whose tokens they are.
        shown: Special tokens that do stand for text here, their names.
    """

    def __init__(
        self, tokenizer: Tokenizer, shown: Mapping[int, str] = MappingProxyType({})
    ) -> None:
        self._shown = shown
        self._tokenizer = tokenizer
        self._decoder = _new_decoder(errors="replace")
        self._drops_space = tokenizer.strips_first_space

    def feed(self, token_id: int) -> str:
        """The characters that this token completes."""
        if token_id in self._shown:
            return self.flush() + self._shown[token_id]
        text = self._decoder.decode(self._tokenizer.bytes_of(token_id))
        if text and self._drops_space:
            self._drops_space = False
            return text.removeprefix(" ")
        return text

    def flush(self) -> str:
        """What is left at the end: a replacement character if one was cut short."""
        return self._decoder.decode(b"", final=True)
