"""Grammars: which tokens an answer may go on with, and which of them are forced.

llguidance does the work. A grammar is compiled once and remembered; each answer walks through a
copy of its own.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from llguidance import LLExecutor, LLMatcher, LLTokenizer
from numpy.typing import NDArray

from palaver.errors import InvalidRequest
from palaver.generation.grammar_limits import LIMITS
from palaver.generation.request import Grammar

_log = logging.getLogger(__name__)

_NUM_REMEMBERED = 128
_MAX_SOURCE_CHARS = 1_000_000

Mask = NDArray[np.uint8]
"""``uint8[V]``, 1 for the tokens that are allowed."""


class Constraint:
    """Where one answer stands in its grammar.

    Args:
        matcher: At the grammar's beginning; this answer's own.
        field: Field of the request that asked for the grammar.
    """

    def __init__(self, matcher: LLMatcher, field: str) -> None:
        self.matcher = matcher
        self._field = field

    @property
    def is_complete(self) -> bool:
        """Whether the answer can only end here."""
        return self.matcher.is_stopped() and not self.matcher.is_error()

    @property
    def error(self) -> InvalidRequest | None:
        """Why the grammar cannot be followed any further, if it is so."""
        if not self.matcher.is_error():
            return None
        return _too_complex(self._field, self.matcher.get_error())

    def accept(self, token_id: int) -> None:
        """Go on by a token that the mask allowed."""
        self.matcher.consume_token(token_id)

    def take_forced(self, num_most: int) -> list[int]:
        """The tokens that must follow, at most so many, as accepted."""
        forced: list[int] = self.matcher.compute_ff_tokens()[:num_most]
        if forced:
            self.matcher.consume_tokens(forced)
        return forced

    def copy(self) -> Constraint:
        """An independent one at the same place."""
        return Constraint(self.matcher.deep_copy(), self._field)


class GrammarCompiler:
    """Compiles grammars for one vocabulary. Any thread may call it.

    Compiling releases the GIL and is bounded by the size and the work that llguidance allows, so a
    hostile grammar delays nobody but itself.

    Args:
        tokenizer: Path of the model's ``tokenizer.json``, read when the first grammar comes, unless
            :meth:`prepare` was called before.
        vocab_size: Width of the model's logits.
    """

    def __init__(self, tokenizer: Path, vocab_size: int) -> None:
        self._path = tokenizer
        self._vocab_size = vocab_size
        self._tokenizers: dict[tuple[int, ...], LLTokenizer] = {}
        self._compiled: OrderedDict[tuple[str, tuple[int, ...]], LLMatcher] = OrderedDict()
        self._lock = Lock()

    def prepare(self, stop_token_ids: tuple[int, ...]) -> None:
        """Read the vocabulary now. It holds the GIL, so this is for a time when nobody waits."""
        try:
            self._tokenizer(stop_token_ids)
        except Exception as error:  # the library raises what it likes
            _log.warning("answers of this model cannot be held to a form: %s", error)

    def compile(self, grammar: Grammar, stop_token_ids: tuple[int, ...]) -> Constraint:
        """A constraint at the beginning of a grammar.

        Raises:
            InvalidRequest: The grammar is not valid, or too large or complex to be followed.
        """
        key = (grammar.source, stop_token_ids)
        with self._lock:
            matcher = self._compiled.get(key)
            if matcher is not None:
                self._compiled.move_to_end(key)
        if matcher is None:
            matcher = self._compile(grammar, stop_token_ids)
            with self._lock:
                self._compiled[key] = matcher
                while len(self._compiled) > _NUM_REMEMBERED:
                    self._compiled.popitem(last=False)
        return Constraint(matcher.deep_copy(), grammar.field)

    def _compile(self, grammar: Grammar, stop_token_ids: tuple[int, ...]) -> LLMatcher:
        if len(grammar.source) > _MAX_SOURCE_CHARS:
            why = f"it has {len(grammar.source)} characters; {_MAX_SOURCE_CHARS} are the limit"
            raise _too_complex(grammar.field, why)
        source = LLMatcher.grammar_from_lark(grammar.source)
        try:
            tokenizer = self._tokenizer(stop_token_ids)
        except Exception as error:  # the library raises what it likes
            why = f"{grammar.field}: this model's vocabulary cannot be held to a form: {error}"
            raise InvalidRequest(why, param=grammar.field) from error
        matcher = LLMatcher(tokenizer, source, log_level=0, limits=LIMITS)
        if matcher.is_error():
            raise _too_complex(grammar.field, matcher.get_error())
        return matcher

    def _tokenizer(self, stop_token_ids: tuple[int, ...]) -> LLTokenizer:
        with self._lock:
            if stop_token_ids not in self._tokenizers:
                text = self._path.read_text(encoding="utf-8")
                tokenizer = LLTokenizer(text, eos_token=list(stop_token_ids))
                if tokenizer.vocab_size < self._vocab_size:  # padded, as many models are
                    tokenizer = LLTokenizer(
                        text, n_vocab=self._vocab_size, eos_token=list(stop_token_ids)
                    )
                self._tokenizers[stop_token_ids] = tokenizer
            return self._tokenizers[stop_token_ids]


class MaskMaker:
    """Makes the masks of a step, in parallel threads outside the GIL.

    Args:
        vocab_size: Width of the model's logits.
    """

    def __init__(self, vocab_size: int) -> None:
        self._vocab_size = vocab_size
        self._num_words = -(-vocab_size // 32)
        self._executor = LLExecutor()

    def masks(self, constraints: Sequence[Constraint]) -> list[Mask]:
        """A mask for each constraint; one that can only end allows the stop tokens."""
        words = np.zeros((len(constraints), self._num_words), dtype=np.int32)
        self._executor.unsafe_compute_mask_ptr(
            [(constraint.matcher, row) for row, constraint in enumerate(constraints)],
            words.ctypes.data,
            self._num_words * 4,
            len(constraints),
        )
        bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little")
        return list(bits[:, : self._vocab_size])


def _too_complex(field: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: cannot be enforced: {why}", param=field)
