"""Turns tokens into text, as far as characters are complete."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from types import MappingProxyType

from palaver.chat.tokenizer import Tokenizer

_new_decoder = codecs.getincrementaldecoder("utf-8")


class Detokenizer:
    """The text of one answer, token by token; a character split over tokens waits for its rest.

    Args:
        tokenizer: The model's tokenizer.
        shown: Special tokens that become text here: their names.

    Attributes:
        content: The bytes that the last token has added to the answer.
    """

    def __init__(
        self, tokenizer: Tokenizer, shown: Mapping[int, str] = MappingProxyType({})
    ) -> None:
        self._shown = shown
        self._tokenizer = tokenizer
        self._decoder = _new_decoder(errors="replace")
        self._drops_space = tokenizer.strips_first_space
        self._is_first = False
        self._waiting = b""
        self._text = ""
        self.content = b""

    def feed(self, token_id: int) -> str:
        """The characters that this token completes."""
        self._waiting, _ = self._decoder.getstate()
        self._is_first = self._drops_space
        self.content = self.bytes_here(token_id)
        if token_id in self._shown:
            self._text = self._decoder.decode(b"", final=True) + self._shown[token_id]
            return self._text
        if self._drops_space and self._tokenizer.bytes_of(token_id):
            self._drops_space = False
        self._text = self._decoder.decode(self.content)
        return self._text

    def bytes_here(self, token_id: int) -> bytes:
        """The bytes that a token would have added in place of the last one."""
        if token_id in self._shown:
            return self._shown[token_id].encode()
        content = self._tokenizer.bytes_of(token_id)
        return content.removeprefix(b" ") if self._is_first else content

    def cut(self, dropped: str) -> None:
        """Remove from :attr:`content` the bytes of text that is not shown.

        Args:
            dropped: The end of the text that is not shown; possibly nothing, so that only the
                beginning of a further character is taken.
        """
        text = self._text.removesuffix(dropped)
        while self.content and (self._waiting + self.content).decode(errors="replace") != text:
            self.content = self.content[:-1]

    def flush(self) -> str:
        """The rest at the end: a replacement character for an incomplete one."""
        rest = self._decoder.decode(b"", final=True)
        self._text += rest
        return rest
