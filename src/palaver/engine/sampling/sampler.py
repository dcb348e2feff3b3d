"""From logits to tokens, for all sequences of a step at once.

The order of operations, for each row:

1. log probabilities of the model's own distribution, if they are wanted;
2. ``logit_bias``: added; 100 forbids all tokens without such a bias, -100 forbids the token;
3. penalties: repetition (prompt and answer), then frequency and presence (answer);
4. the grammar's mask, if there is one; no bias can override it;
5. temperature: 0 takes the likeliest token, the lowest id among equals; otherwise logits are
   divided by it;
6. top-k, top-p (among what top-k keeps), min-p; see :mod:`palaver.engine.sampling.filters`;
7. sampling: the cumulative distribution, in the order of token ids, is inverted at a uniform number
   that depends on (seed, choice, position); further numbers where top-p rejects the token.

Each row's result depends on that row alone, whatever else is in the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from palaver.engine.grammar.masks import Mask
from palaver.engine.sampling import philox
from palaver.engine.sampling.base import Kernels
from palaver.engine.sampling.distribution import block_sums
from palaver.engine.sampling.filters import drop_tail, has_nucleus
from palaver.engine.sampling.penalties import TokenCounts, penalise
from palaver.generation.output import TokenLogprobs
from palaver.generation.request import SamplingParams

_EXCLUSIVE = 100.0
FORBIDDEN = -100.0
_MAX_FACTOR = float(np.finfo(np.float32).max)
"""The largest finite factor: an infinite one would turn the likeliest token's 0 into NaN."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """How to sample one row of logits.

    Attributes:
        params: The request's sampling parameters.
        counts: Tokens of prompt and answer; ``None`` unless there are penalties.
        choice: Index of the choice within its request.
        position: Index of the token within its answer.
        mask: ``uint8[V]``, 1 for the tokens that a grammar allows; ``None`` allows all.
    """

    params: SamplingParams
    counts: TokenCounts | None
    choice: int
    position: int
    mask: Mask | None = None


class Sampler:
    """Samples the rows of each step. Not thread-safe.

    Args:
        kernels: The passes over whole rows.
    """

    def __init__(self, kernels: Kernels) -> None:
        self._kernels = kernels
        self._numbers = philox.UniformCache()

    def sample(
        self, logits: NDArray[np.float32], rows: Sequence[SampleRow]
    ) -> tuple[list[int], list[TokenLogprobs | None]]:
        """The next token of each row, and its log probabilities where they are wanted.

        Args:
            logits: ``float32[R, V]``; overwritten.
            rows: R of them.
        """
        tops = {
            place: _top_logprobs(logits[place], row.params.num_top_logprobs)
            for place, row in enumerate(rows)
            if row.params.num_top_logprobs is not None
        }
        raw = {place: logits[place].copy() for place in tops}
        _adjust(logits, rows)
        sampled = [i for i, row in enumerate(rows) if np.float32(row.params.temperature) > 0]
        if len(sampled) == len(rows):
            tokens = self._sample(logits, rows)
        else:
            tokens = logits.argmax(axis=1)
            if sampled:
                tokens[sampled] = self._sample(logits[sampled], [rows[i] for i in sampled])
        logprobs: list[TokenLogprobs | None] = [None] * len(rows)
        for place, (log_total, top) in tops.items():
            logprob = float(raw[place][tokens[place]] - log_total)
            logprobs[place] = TokenLogprobs(logprob, top)
        return tokens.tolist(), logprobs

    def _sample(self, logits: NDArray[np.float32], rows: Sequence[SampleRow]) -> NDArray[np.int64]:
        """One token for each row, ``int64[R]``; the logits are overwritten with weights."""
        params = [row.params for row in rows]
        temperatures = np.array([p.temperature for p in params])
        factors = np.minimum(1 / temperatures, _MAX_FACTOR).astype(np.float32)
        sums = self._kernels.softmax_numerators(logits, factors)
        masses = sums.sum(axis=1, dtype=np.float64) * [p.top_p for p in params]
        is_cut = [drop_tail(weights, p) for weights, p in zip(logits, params, strict=True)]
        if any(is_cut):
            sums = block_sums(logits)
        numbers = self._numbers.at([(row.params.seed, row.choice, row.position) for row in rows])
        more = [
            _further_uniforms(row) if has_nucleus(row.params, logits.shape[1]) else None
            for row in rows
        ]
        return self._kernels.sample(logits, sums, masses, numbers, more)


def logprobs_of(row: NDArray[np.float32], token_id: int, num_top: int) -> TokenLogprobs:
    """Log probabilities of a token that was not sampled but fast-forwarded.

    Args:
        row: ``float32[V]``, the logits of its position.
        token_id: The token.
        num_top: Number of likeliest tokens to report as well.
    """
    log_total, top = _top_logprobs(row, num_top)
    return TokenLogprobs(float(row[token_id] - log_total), top)


def _top_logprobs(
    row: NDArray[np.float32], num_top: int | None
) -> tuple[np.float64, list[tuple[int, float]]]:
    """The log-sum-exp of the row, and its likeliest tokens with their log probabilities."""
    highest = np.float64(row.max())
    log_total = highest + np.log(np.exp(row - row.max(), dtype=np.float32).sum(dtype=np.float64))
    if not num_top:
        return log_total, []
    ids = _head_ids(row[None], min(num_top, len(row)))[0]
    return log_total, [(int(i), float(row[i] - log_total)) for i in ids]


def _adjust(logits: NDArray[np.float32], rows: Sequence[SampleRow]) -> None:
    """Apply bias, penalties and masks, in place."""
    for values, row in zip(logits, rows, strict=True):
        if row.params.logit_bias:
            _apply_bias(values, row.params.logit_bias, row.mask)
    counted = {place: row.counts for place, row in enumerate(rows) if row.counts is not None}
    if counted:
        penalise(logits, [*counted], [*counted.values()], [rows[i].params for i in counted])
    for values, row in zip(logits, rows, strict=True):
        if row.mask is not None:
            values[row.mask == 0] = -np.inf


def _apply_bias(row: NDArray[np.float32], bias: dict[int, float], mask: Mask | None) -> None:
    ids = np.fromiter(bias.keys(), dtype=np.int64, count=len(bias))
    values = np.fromiter(bias.values(), dtype=np.float32, count=len(bias))
    if mask is not None:
        ids, values = ids[mask[ids] == 1], values[mask[ids] == 1]
        if np.count_nonzero(values <= FORBIDDEN) == np.count_nonzero(mask):
            return
    exclusive = ids[values >= _EXCLUSIVE]
    row[ids] += values
    if len(exclusive):
        kept = row[exclusive]
        row.fill(-np.inf)
        row[exclusive] = kept
    row[ids[values <= FORBIDDEN]] = -np.inf


def _further_uniforms(row: SampleRow) -> Iterator[float]:
    """The random numbers of a position after its first two."""
    for block in count(1):
        yield from philox.uniforms([row.params.seed], [row.choice], [row.position], block)[0]


def _head_ids(values: NDArray[np.float32], size: int) -> NDArray[np.int64]:
    """Ids of the ``size`` highest values of each row, highest first, the lower of equals first."""
    vocab = values.shape[1]
    if size < vocab:
        ids = np.argpartition(values, vocab - size, axis=1)[:, vocab - size :]
        edges = np.take_along_axis(values, ids[:, :1], axis=1)
        for row in np.flatnonzero(np.count_nonzero(values >= edges, axis=1) > size):
            ids[row] = _head_with_ties(values[row], edges[row, 0], size)
        ids.sort(axis=1)
        values = np.take_along_axis(values, ids, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        return np.take_along_axis(ids, order, axis=1)
    return np.argsort(-values, axis=1, kind="stable")


def _head_with_ties(values: NDArray[np.float32], edge: np.float32, size: int) -> NDArray[np.int64]:
    """Ids of all values above ``edge``, filled up with the lowest ids of those equal to it."""
    above = np.flatnonzero(values > edge)
    return np.concatenate([above, np.flatnonzero(values == edge)[: size - len(above)]])
