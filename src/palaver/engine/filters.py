"""Top-k, top-p and min-p: what they leave of a row of weights.

Each of them keeps a head of the tokens sorted by weight, lower ids first among equals, so together
they keep the shortest of the heads. A head is known by the least weight in it, which a sort of
values alone finds; the tokens themselves need not be sorted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from palaver.engine.request import SamplingParams

_LEVELS = tuple(np.float32(level) for level in (np.exp(-2), np.exp(-4), np.exp(-7), np.exp(-11)))
_MARGIN = 1 + 1e-9


def is_filtered(params: SamplingParams) -> bool:
    """Whether any of the three drops a token."""
    return params.top_k > 0 or params.top_p < 1 or params.min_p > 0


def drop_tails(weights: NDArray[np.float32], params: Sequence[SamplingParams]) -> None:
    """Set the weights of all tokens that are not kept to zero, in place.

    Args:
        weights: ``float32[R, V]``, not negative, the highest of each row 1.
        params: R of them.
    """
    edges = np.array([p.min_p for p in params], dtype=np.float32)
    num_kept = np.full(len(params), weights.shape[1])
    sorted_rows = np.array([i for i, p in enumerate(params) if p.top_k or p.top_p < 1], dtype=int)
    if len(sorted_rows):
        some = weights if len(sorted_rows) == len(params) else weights[sorted_rows]
        lows, lengths = _head_edges(some, [params[i] for i in sorted_rows])
        edges[sorted_rows] = np.maximum(edges[sorted_rows], lows)
        num_kept[sorted_rows] = lengths
    weights[weights < edges[:, None]] = 0
    for i in np.flatnonzero(np.count_nonzero(weights, axis=1) > num_kept):
        _drop_equals(weights[i], edges[i], num_kept[i])


def _head_edges(
    weights: NDArray[np.float32], params: list[SamplingParams]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The least weight that top-k and top-p keep in each row, and how many tokens they keep.

    Top-p is a share of the mass that top-k left.
    """
    top_k = np.array([p.top_k or weights.shape[1] for p in params])
    top_p = np.array([p.top_p for p in params])
    totals = weights.sum(axis=1, dtype=np.float64)
    head = _candidates(weights, top_k, top_p * totals)
    rows, width = np.arange(len(params)), head.shape[1]
    sums = head.cumsum(axis=1, dtype=np.float64)
    is_cut_by_k = top_k < weights.shape[1]
    mass = np.where(is_cut_by_k, sums[rows, np.minimum(top_k, width) - 1], totals)
    num_by_p = np.where(top_p < 1, (sums < (top_p * mass)[:, None]).sum(axis=1) + 1, width)
    num_kept = np.minimum(np.minimum(top_k, num_by_p), (head > 0).sum(axis=1))
    return head[rows, num_kept - 1], num_kept


def _candidates(
    weights: NDArray[np.float32], top_k: NDArray[np.int64], masses: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The heaviest weights of each row, highest first, filled up with zeros: enough to decide.

    Enough are ``top_k`` of them or, where that keeps all, those that make up ``masses``. Only these
    are sorted, so they are looked for above one level of weight after the other.
    """
    vocab = weights.shape[1]
    for level in _LEVELS:
        is_above = weights >= level
        num_above = np.count_nonzero(is_above, axis=1)
        mass_above = np.where(is_above, weights, 0).sum(axis=1, dtype=np.float64)
        is_enough = np.where(top_k < vocab, num_above >= top_k, mass_above >= masses * _MARGIN)
        if is_enough.all():
            head = np.zeros((len(weights), num_above.max()), dtype=np.float32)
            head[np.arange(head.shape[1]) < num_above[:, None]] = weights[is_above]
            return np.sort(head, axis=1)[:, ::-1]
    return np.sort(weights, axis=1)[:, ::-1]


def _drop_equals(row: NDArray[np.float32], edge: np.float32, num_kept: int) -> None:
    """Zero the highest ids among those equal to the edge, so that ``num_kept`` are left."""
    equals = np.flatnonzero(row == edge)
    num_above = np.count_nonzero(row) - len(equals)
    row[equals[num_kept - num_above :]] = 0
