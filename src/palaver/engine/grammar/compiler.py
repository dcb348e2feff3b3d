"""Grammars compiled for a vocabulary."""

from __future__ import annotations

import logging
from threading import Lock

from cachetools import LRUCache
from llguidance import LLMatcher, LLTokenizer

from palaver.engine.grammar.constraint import Constraint, too_complex
from palaver.errors import InvalidRequest
from palaver.generation.grammar_limits import LIMITS
from palaver.generation.request import Grammar

_log = logging.getLogger(__name__)

_NUM_CACHED = 128
_MAX_SOURCE_CHARS = 1_000_000


class GrammarCompiler:
    """Compiles grammars for one vocabulary. Any thread may call it.

    Compiling releases the GIL, and llguidance bounds its size and work, so a hostile grammar does
    not delay other requests.

    Args:
        tokenizer: The text of the model's ``tokenizer.json``; parsed by :meth:`prepare`, or else
            for the first grammar.
        vocab_size: Width of the model's logits.
    """

    def __init__(self, tokenizer: str, vocab_size: int) -> None:
        self._description = tokenizer
        self._vocab_size = vocab_size
        self._tokenizers: dict[tuple[int, ...], LLTokenizer] = {}
        self._compiled: LRUCache[tuple[str, tuple[int, ...]], LLMatcher] = LRUCache(_NUM_CACHED)
        self._lock = Lock()

    def prepare(self, stop_token_ids: tuple[int, ...]) -> None:
        """Parse the vocabulary now, before there are requests, because that holds the GIL."""
        try:
            self._tokenizer(stop_token_ids)
        except Exception as error:  # the library raises what it likes
            _log.warning("grammars cannot be enforced with this model's tokenizer: %s", error)

    def compile(self, grammar: Grammar, stop_token_ids: tuple[int, ...]) -> Constraint:
        """A constraint for an answer that has no tokens yet.

        Raises:
            InvalidRequest: The grammar is invalid, or too large or complex to be enforced.
        """
        key = (grammar.source, stop_token_ids)
        with self._lock:
            matcher = self._compiled.get(key)
        if matcher is None:
            matcher = self._compile(grammar, stop_token_ids)
            with self._lock:
                self._compiled[key] = matcher
        return Constraint(matcher.deep_copy(), grammar.field)

    def _compile(self, grammar: Grammar, stop_token_ids: tuple[int, ...]) -> LLMatcher:
        if len(grammar.source) > _MAX_SOURCE_CHARS:
            why = f"it has {len(grammar.source)} characters; {_MAX_SOURCE_CHARS} are the limit"
            raise too_complex(grammar.field, why)
        source = LLMatcher.grammar_from_lark(grammar.source)
        try:
            tokenizer = self._tokenizer(stop_token_ids)
        except Exception as error:  # the library raises what it likes
            why = f"{grammar.field}: cannot be enforced with this model's tokenizer: {error}"
            raise InvalidRequest(why, param=grammar.field) from error
        matcher = LLMatcher(tokenizer, source, log_level=0, limits=LIMITS)
        if matcher.is_error():
            raise too_complex(grammar.field, matcher.get_error())
        return matcher

    def _tokenizer(self, stop_token_ids: tuple[int, ...]) -> LLTokenizer:
        with self._lock:
            if stop_token_ids not in self._tokenizers:
                text = self._description
                tokenizer = LLTokenizer(text, eos_token=list(stop_token_ids))
                if tokenizer.vocab_size < self._vocab_size:  # the logits of many models are padded
                    tokenizer = LLTokenizer(
                        text, n_vocab=self._vocab_size, eos_token=list(stop_token_ids)
                    )
                self._tokenizers[stop_token_ids] = tokenizer
            return self._tokenizers[stop_token_ids]
