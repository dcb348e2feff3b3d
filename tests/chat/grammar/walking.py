"""Grammars with a small vocabulary: which texts they accept, and random texts of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
from llguidance import LLMatcher, LLTokenizer

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.families.description import Family
from palaver.generation.grammar_limits import LIMITS
from tests.chat import vocabularies

END = "<|stop|>"
_MARKER = re.compile(r"<[^<>\s]*>|\[[A-Z_/]+\]")


class Vocabulary:
    """A token for each byte, and perhaps one for each marker of a family.

    Attributes:
        tokenizer: As the chat layer sees it.
    """

    def __init__(self, family: Family, path: Path, *, has_markers: bool) -> None:
        markers = {m for text in family.literals for m in _MARKER.findall(text)}
        names = sorted(markers) if has_markers else []
        self.tokenizer = vocabularies.with_special(path, names, END)
        end = self.tokenizer.id_of(END)
        assert end is not None
        self.end = end
        self._tokenizer = LLTokenizer(path.read_text(encoding="utf-8"), eos_token=[end])
        self._markers = set(self.tokenizer.special_tokens) | set(self.tokenizer.marker_tokens)

    def matcher(self, source: str) -> LLMatcher:
        matcher = LLMatcher(self._tokenizer, LLMatcher.grammar_from_lark(source), limits=LIMITS)
        assert not matcher.is_error(), matcher.get_error()
        return matcher

    def accepts(self, source: str, text: str) -> bool:
        """Whether the grammar accepts exactly this text."""
        matcher = self.matcher(source)
        ids = self.tokenizer.encode(text)
        if matcher.validate_tokens(ids) < len(ids):
            return False
        matcher.consume_tokens(ids)
        return bool(matcher.is_accepting())

    def walk(self, source: str, random: Random, most: int) -> tuple[str, bool]:
        """A random text of the grammar, and whether it is complete."""
        matcher = self.matcher(source)
        text: list[bytes] = []
        for _ in range(most):
            if matcher.is_stopped():
                return _joined(text), True
            allowed = self._allowed(matcher)
            token = self._draw(allowed, random)
            if token == self.end:
                return _joined(text), True
            matcher.consume_token(token)
            text.append(self._bytes(token))
        return _joined(text), False

    def _allowed(self, matcher: LLMatcher) -> list[int]:
        mask = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        bits = np.unpackbits(mask, bitorder="little")[: self.tokenizer.vocab_size]
        return [int(i) for i in np.flatnonzero(bits)]

    def _draw(self, allowed: list[int], random: Random) -> int:
        """Choose ends and markers often, so that texts are short and have structure."""
        if self.end in allowed and random.random() < 0.1:
            return self.end
        markers = [i for i in allowed if i in self._markers and i != self.end]
        if markers and random.random() < 0.2:
            return random.choice(markers)
        quotes = [i for i in allowed if self._bytes(i) in b'"}],' and self._bytes(i)]
        if quotes and random.random() < 0.3:
            return random.choice(quotes)
        letters = [i for i in allowed if self._bytes(i).isascii()]
        return random.choice(letters or allowed)

    def _bytes(self, token: int) -> bytes:
        special = self.tokenizer.special_tokens
        return special[token].encode() if token in special else self.tokenizer.bytes_of(token)


def _joined(text: Iterable[bytes]) -> str:
    return b"".join(text).decode(errors="replace")


@cache
def vocabulary(family_name: str, *, has_markers: bool) -> Vocabulary:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        return Vocabulary(FAMILIES[family_name], path, has_markers=has_markers)
