"""From logits to tokens, for all sequences of a step at once.

The order of operations, for each row:

1. log probabilities of the model's own distribution, if they are wanted;
2. ``logit_bias``: added; 100 leaves only the tokens that have it, -100 forbids;
3. penalties: repetition (prompt and answer), then frequency and presence (answer);
4. temperature 0: the likeliest token, the lowest id among equals. Otherwise divide by it;
5. top-k, top-p (of what top-k left), min-p; see :mod:`palaver.engine.filters`;
6. the draw: one uniform number from (seed, choice, position) through the inverse distribution, in
   the order of token ids.

Each row's result depends on that row alone, whatever else is in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from palaver.engine import philox
from palaver.engine.filters import drop_tails, is_filtered
from palaver.engine.penalties import TokenCounts
from palaver.engine.request import SamplingParams

_FORCED = 100.0
FORBIDDEN = -100.0
_STRIPE = 256


class TokenLogprobs(msgspec.Struct, frozen=True, array_like=True):
    """Log probabilities of one generated token, before any sampling parameter (spec row S29).

    Attributes:
        logprob: Of the token itself.
        top: ``(token id, log probability)`` of the likeliest tokens, likeliest first.
    """

    logprob: float
    top: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Draw:
    """One row's coordinates: what is drawn, from which random number.

    Attributes:
        params: The request's sampling parameters.
        counts: Tokens of prompt and answer; ``None`` unless there are penalties.
        choice: Index of the choice within its request.
        position: Index of the token within its answer.
    """

    params: SamplingParams
    counts: TokenCounts | None
    choice: int
    position: int


def sample(
    logits: NDArray[np.float32], draws: Rows[Draw]
) -> tuple[list[int], list[TokenLogprobs | None]]:
    """The next token of each row, and its log probabilities where they are wanted.

    Args:
        logits: ``float32[R, V]``; overwritten.
        draws: R of them.
    """
    tops = {
        row: _top_logprobs(logits[row], draw.params.num_top_logprobs)
        for row, draw in enumerate(draws)
        if draw.params.num_top_logprobs is not None
    }
    raw = {row: logits[row].copy() for row in tops}
    for row, draw in enumerate(draws):
        _adjust(logits[row], draw)
    tokens = logits.argmax(axis=1)
    drawn = [row for row, draw in enumerate(draws) if np.float32(draw.params.temperature) > 0]
    if drawn:
        tokens[drawn] = _draw(logits[drawn], [draws[row] for row in drawn])
    logprobs: list[TokenLogprobs | None] = [None] * len(draws)
    for row, (log_total, top) in tops.items():
        logprobs[row] = TokenLogprobs(float(raw[row][tokens[row]] - log_total), top)
    return tokens.tolist(), logprobs


def _top_logprobs(
    row: NDArray[np.float32], num_top: int | None
) -> tuple[np.float64, list[tuple[int, float]]]:
    """The row's log of the sum of exponentials, and its likeliest tokens."""
    highest = np.float64(row.max())
    log_total = highest + np.log(np.exp(row - row.max(), dtype=np.float32).sum(dtype=np.float64))
    if not num_top:
        return log_total, []
    ids = _head_ids(row[None], min(num_top, len(row)))[0]
    return log_total, [(int(i), float(row[i] - log_total)) for i in ids]


def _adjust(row: NDArray[np.float32], draw: Draw) -> None:
    """Apply bias and penalties to one row, in place."""
    params = draw.params
    if params.logit_bias:
        _apply_bias(row, params.logit_bias)
    if draw.counts is not None:
        draw.counts.penalise(row, params)


def _apply_bias(row: NDArray[np.float32], bias: dict[int, float]) -> None:
    ids = np.fromiter(bias.keys(), dtype=np.int64, count=len(bias))
    values = np.fromiter(bias.values(), dtype=np.float32, count=len(bias))
    forced = ids[values >= _FORCED]
    row[ids] += values
    if len(forced):
        kept = row[forced]
        row.fill(-np.inf)
        row[forced] = kept
    row[ids[values <= FORBIDDEN]] = -np.inf


def _draw(logits: NDArray[np.float32], draws: list[Draw]) -> NDArray[np.int64]:
    """One token for each row by the inverse distribution, ``int64[R]``."""
    params = [draw.params for draw in draws]
    temperatures = np.array([p.temperature for p in params], dtype=np.float32)
    weights = logits - logits.max(axis=1, keepdims=True)
    weights /= temperatures[:, None]
    np.exp(weights, out=weights)
    uniforms = philox.uniform(
        [p.seed for p in params], [d.choice for d in draws], [d.position for d in draws]
    )
    filtered = [row for row, p in enumerate(params) if is_filtered(p)]
    if len(filtered) == len(params):
        drop_tails(weights, params)
    elif filtered:
        some = weights[filtered]
        drop_tails(some, [params[row] for row in filtered])
        weights[filtered] = some
    return _pick(weights, uniforms)


def _pick(weights: NDArray[np.float32], uniforms: NDArray[np.float64]) -> NDArray[np.int64]:
    """Inverse distribution in the order of ids, over stripes first to sum little twice."""
    num_rows, vocab = weights.shape
    rows = np.arange(num_rows)
    if vocab % _STRIPE:
        weights = np.pad(weights, ((0, 0), (0, -vocab % _STRIPE)))
    striped = weights.reshape(num_rows, -1, _STRIPE)
    sums = np.zeros((num_rows, striped.shape[1] + 1))
    np.cumsum(striped.sum(axis=2, dtype=np.float64), axis=1, out=sums[:, 1:])
    targets = uniforms * sums[:, -1]
    stripes = _first_beyond(sums[:, 1:], targets)
    within = striped[rows, stripes].cumsum(axis=1, dtype=np.float64)
    return stripes * _STRIPE + _first_beyond(within, targets - sums[rows, stripes])


def _first_beyond(sums: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where each row's running sum passes its target; rounding never leads past its last rise."""
    passed: NDArray[np.int64] = (sums <= targets[:, None]).sum(axis=1)
    last_rise: NDArray[np.int64] = (sums < sums[:, -1:]).sum(axis=1)
    smaller: NDArray[np.int64] = np.minimum(passed, last_rise)
    return smaller


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
