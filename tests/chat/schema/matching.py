"""Whether the grammar of a schema accepts a text, and random texts of it."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from numpy.typing import NDArray

from palaver.chat.schema import json_grammar
from palaver.generation.grammar_limits import LIMITS
from palaver.models.catalogue import BUILT_IN_FOLDER

_STOP = 2
_ENDS = np.frombuffer(b'"}]', dtype=np.uint8)


class DeadEndError(Exception):
    """No token is allowed, although the text is incomplete."""


def written(value: Any) -> str:
    """A value as answers write it."""
    return json.dumps(value, ensure_ascii=False)


def takes(schema: dict[str, Any], text: str) -> bool:
    """Whether a checked schema's grammar accepts exactly this text."""
    matcher = _matcher(LLTokenizer("byte"), schema)
    return matcher.try_consume_tokens(list(text.encode())) == len(text.encode()) and bool(
        matcher.is_accepting()
    )


def random_text(schema: dict[str, Any], rng: random.Random, max_tokens: int = 300) -> str | None:
    """A text of uniformly random allowed tokens; ``None`` if it does not end in time.

    Raises:
        DeadEndError: No token is allowed, although the text is incomplete.
    """
    tokenizer, token_bytes, is_end = _vocabulary()
    matcher = _matcher(tokenizer, schema)
    text = b""
    for num in range(max_tokens):
        forced = matcher.compute_ff_tokens()
        matcher.consume_tokens(forced)
        text += b"".join(token_bytes[i] for i in forced)
        if matcher.is_stopped():
            break
        bits = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.flatnonzero(np.unpackbits(bits, bitorder="little"))
        if matcher.is_error() or not len(allowed):
            raise DeadEndError(f"{matcher.get_error()} after {text!r}")
        ends = allowed[is_end[allowed]]
        if len(ends) and rng.random() < 2 * num / max_tokens:
            allowed = ends
        token = int(rng.choice(allowed))
        if token == _STOP or (_STOP in allowed and rng.random() < 0.5):
            break
        matcher.consume_token(token)
        text += token_bytes[token]
    else:
        return None
    return text.decode()


def _matcher(tokenizer: LLTokenizer, schema: dict[str, Any]) -> LLMatcher:
    grammar = LLMatcher.grammar_from_lark(json_grammar(schema))
    matcher = LLMatcher(tokenizer, grammar, log_level=0, limits=LIMITS)
    assert not matcher.is_error(), matcher.get_error()
    return matcher


@cache
def _vocabulary() -> tuple[LLTokenizer, list[bytes], NDArray[np.bool_]]:
    text = (BUILT_IN_FOLDER / "tokenizer.json").read_text(encoding="utf-8")
    tokenizer = LLTokenizer(text, eos_token=[_STOP])
    token_bytes = [tokenizer.decode_bytes([i]) for i in range(tokenizer.vocab_size)]
    is_end = np.array([np.isin(_ENDS, list(each)).any() for each in token_bytes])
    return tokenizer, token_bytes, is_end
