"""From logits to tokens, for all sequences of a step at once.

The order of operations, for each row:

1. log probabilities of the model's own distribution, if they are wanted;
2. ``logit_bias``: added; 100 leaves only the tokens that have it, -100 forbids;
3. penalties: repetition (prompt and answer), then frequency and presence (answer);
4. temperature 0: the likeliest token, the lowest id among equals. Otherwise divide by it;
5. top-k, top-p (of what top-k left), min-p: each keeps a head of the tokens sorted by probability,
   lower ids first among equals, so together they keep the shortest of the heads;
6. the draw: one uniform number from (seed, choice, position) through the inverse distribution.

Each row's result depends on that row alone, whatever else is in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from palaver.engine import philox
from palaver.engine.penalties import TokenCounts
from palaver.engine.request import SamplingParams

_FORCED = 100.0
FORBIDDEN = -100.0
_HEADS = (128, 2048)
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
    filtered = np.array([p.top_k > 0 or p.top_p < 1 or p.min_p > 0 for p in params])
    tokens = np.empty(len(draws), dtype=np.int64)
    for rows, pick in ((~filtered, _pick_from_all), (filtered, _pick_from_head)):
        chosen = np.flatnonzero(rows)
        if len(chosen):
            tokens[chosen] = pick(weights[chosen], uniforms[chosen], [params[i] for i in chosen])
    return tokens


def _pick_from_all(
    weights: NDArray[np.float32], uniforms: NDArray[np.float64], _: list[SamplingParams]
) -> NDArray[np.int64]:
    """Inverse distribution in the order of ids, over stripes first to sum little twice."""
    num_rows, vocab = weights.shape
    padded = np.pad(weights, ((0, 0), (0, -vocab % _STRIPE))).reshape(num_rows, -1, _STRIPE)
    stripes = padded.sum(axis=2, dtype=np.float64).cumsum(axis=1)
    targets = uniforms * stripes[:, -1]
    tokens = np.empty(num_rows, dtype=np.int64)
    for row in range(num_rows):
        stripe = int(np.searchsorted(stripes[row], targets[row], side="right"))
        before = stripes[row, stripe - 1] if stripe else 0.0
        within = padded[row, stripe].cumsum(dtype=np.float64)
        place = int(np.searchsorted(within, targets[row] - before, side="right"))
        tokens[row] = stripe * _STRIPE + min(place, _last_possible(padded[row, stripe]))
    return tokens


def _last_possible(weights: NDArray[np.float32]) -> int:
    """The last index with any weight: where rounding must not carry a draw beyond."""
    return int(np.flatnonzero(weights)[-1])


def _pick_from_head(
    weights: NDArray[np.float32], uniforms: NDArray[np.float64], params: list[SamplingParams]
) -> NDArray[np.int64]:
    """Inverse distribution over the likeliest tokens that top-k, top-p and min-p keep.

    The head is looked for among a few tokens first and among more only in rows where those do not
    contain it; a running sum over sorted weights is the same however far it is carried.
    """
    vocab = weights.shape[1]
    totals = weights.sum(axis=1, dtype=np.float64)
    tokens = np.empty(len(params), dtype=np.int64)
    open_rows = np.arange(len(params))
    for size in (*(h for h in _HEADS if h < vocab), vocab):
        picked, is_settled = _pick_within(
            weights[open_rows],
            totals[open_rows],
            uniforms[open_rows],
            [params[i] for i in open_rows],
            size,
        )
        tokens[open_rows[is_settled]] = picked[is_settled]
        open_rows = open_rows[~is_settled]
        if not len(open_rows):
            break
    return tokens


def _pick_within(
    weights: NDArray[np.float32],
    totals: NDArray[np.float64],
    uniforms: NDArray[np.float64],
    params: list[SamplingParams],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Tokens drawn among the ``size`` likeliest, and in which rows that was the whole head."""
    rows = np.arange(len(params))
    ids = _head_ids(weights, size)
    head = np.take_along_axis(weights, ids, axis=1).astype(np.float64)
    sums = head.cumsum(axis=1)
    top_k = np.array([min(p.top_k, size) if p.top_k else size for p in params])
    is_cut_by_k = np.array([0 < p.top_k <= size for p in params])
    mass = np.where(is_cut_by_k, sums[rows, top_k - 1], totals)
    top_p = np.array([p.top_p for p in params])
    min_p = np.array([p.min_p for p in params])
    num_by_p = np.where(top_p < 1, (sums < (top_p * mass)[:, None]).sum(axis=1) + 1, size + 1)
    num_by_min = (head >= (min_p * head[:, 0])[:, None]).sum(axis=1)
    num_by_min = np.where((min_p > 0) & (num_by_min < size), num_by_min, size + 1)
    num_by_k = np.where(is_cut_by_k, top_k, size + 1)
    num_kept = np.minimum(np.minimum(num_by_k, num_by_p), num_by_min)
    is_mass_known = is_cut_by_k | np.array([p.top_k == 0 or p.top_p >= 1 for p in params])
    is_settled = ((num_kept <= size) & is_mass_known) | (size == weights.shape[1])
    num_kept = np.minimum(num_kept, (head > 0).sum(axis=1))
    targets = uniforms * sums[rows, num_kept - 1]
    places = np.minimum((sums <= targets[:, None]).sum(axis=1), num_kept - 1)
    return ids[rows, places], is_settled


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
