"""Top-k, top-p and min-p: what they leave of a row of weights.

Each of them keeps a head of the tokens ordered by weight, lower ids first among equals; together
they keep the shortest of the heads. Sorting a vocabulary costs more than all the rest of a
sample, so nothing here sorts one:

- min-p is a threshold;
- top-k sorts what lies above a level of weight that enough tokens reach, and top-p beside it is
  looked for among those k;
- top-p alone is a test of the token sampled: it is in the head if the tokens ahead of it have less
  than the mass that is kept. If it is not, the head lies among those tokens, and sampling is
  repeated over them (rejection sampling with a shrinking set, which leaves the head's proportions
  as they are).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from palaver.engine.sampling.distribution import BLOCK_TOKENS, Distribution, block_sums
from palaver.generation.request import SamplingParams

_LEVELS = tuple(np.float32(level) for level in (np.exp(-2), np.exp(-4), np.exp(-7), np.exp(-11)))

_PART = 2**15
"""Tokens of a row that are looked at before the others."""
_PIECE = 2**13
"""Products that are added up at once: too few for BLAS to start threads of its own."""
_MARGIN = 1e-3
"""Share of a sum; adding up the weights of a vocabulary in single precision is off by less."""

Weights = NDArray[np.float32]


def drop_tail(weights: Weights, params: SamplingParams) -> bool:
    """Zero what top-k (with top-p among its tokens) and min-p do not keep, in place.

    Returns whether either of them had a say.

    Args:
        weights: ``float32[V]``, not negative, the highest 1.
        params: Of this row.
    """
    edge, num_kept = np.float32(params.min_p), len(weights)
    if 0 < params.top_k < len(weights):
        least, num_kept = _head_edge(weights, params.top_k, params.top_p)
        edge = max(edge, least)
    elif not params.min_p:
        return False
    is_kept = weights >= edge
    num_beyond = np.count_nonzero(is_kept) - num_kept
    if num_beyond > 0:
        is_kept[np.flatnonzero(weights == edge)[-num_beyond:]] = False
    weights *= is_kept.astype(np.float32)
    return True


def has_nucleus(params: SamplingParams, vocab: int) -> bool:
    """Whether top-p alone decides, so that a sample has to be tested by :func:`resample`."""
    return params.top_p < 1 and not 0 < params.top_k < vocab


def are_surely_kept(
    distribution: Distribution,
    tokens: NDArray[np.int64],
    masses: NDArray[np.float64],
    is_asked: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """For which rows so much is lighter than the token that top-p must keep it, ``bool[R]``.

    Mostly the block sums or a part of a row tell, so this is cheaper than :func:`resample`, and it
    never says otherwise: its margin is wider than the rounding of the sums on both sides.

    Args:
        distribution: What was sampled from.
        tokens: ``int64[R]``, the tokens sampled.
        masses: ``float64[R]``, see :func:`resample`.
        is_asked: ``bool[R]``, the rows that matter.
    """
    weights, sums = distribution.weights, distribution.sums
    edges = weights[np.arange(len(tokens)), tokens]
    least = distribution.totals * (1 + _MARGIN) - masses
    is_light = (sums < edges[:, None]).astype(np.float32)
    is_kept: NDArray[np.bool_] = np.einsum("rs,rs->r", sums, is_light) > least
    if not (is_asked & ~is_kept).any():
        return is_kept
    lighter = _lighter(weights[:, :_PART], edges[:, None])
    is_kept |= lighter > least
    vocab = weights.shape[1]
    for begin, end in pairwise([*range(_PART, vocab, 2 * _PART), vocab]):
        for row in np.flatnonzero(is_asked & ~is_kept):
            lighter[row] += _lighter(weights[row : row + 1, begin:end], edges[row])[0]
        is_kept |= lighter > least
    return is_kept


def _lighter(weights: Weights, edges: NDArray[np.float32] | np.float32) -> NDArray[np.float64]:
    """The sum of each row's weights below its edge, nearly, ``float64[R]``."""
    is_lighter = np.less(weights, edges).astype(np.float32)
    num_pieces = weights.shape[1] // _PIECE
    whole = num_pieces * _PIECE
    pieces = (len(weights), num_pieces, _PIECE)
    sums = np.vecdot(weights[:, :whole].reshape(pieces), is_lighter[:, :whole].reshape(pieces))
    rest = np.vecdot(weights[:, whole:], is_lighter[:, whole:])
    added: NDArray[np.float64] = sums.sum(axis=1, dtype=np.float64) + rest
    return added


def resample(
    distribution: Distribution, row: int, token: int, mass: float, uniforms: Iterator[float]
) -> int:
    """The token itself if top-p keeps it, else one sampled instead from those that it may keep.

    Args:
        distribution: What the token was sampled from, in which no token of the head is missing that
            min-p keeps.
        row: Its row.
        token: The token sampled.
        mass: Share of the whole row's sum that is kept, as a sum of weights.
        uniforms: More random numbers in [0, 1).
    """
    blocks, weights = distribution.head(row, token)
    block, within = divmod(token, BLOCK_TOKENS)
    place = int(np.searchsorted(blocks, block)) * BLOCK_TOKENS + within
    while True:
        is_ahead = _is_ahead(weights, place).astype(np.float32)
        mass_ahead = np.einsum("t,t->", weights, is_ahead)  # half the time of product and sum
        if not mass_ahead >= mass:  # also where a model has computed what is no number
            return int(blocks[place // BLOCK_TOKENS]) * BLOCK_TOKENS + place % BLOCK_TOKENS
        weights = weights * is_ahead
        ahead = Distribution(weights[None], block_sums(weights[None]))
        place = int(ahead.pick(np.array([next(uniforms)]))[0])


def _is_ahead(weights: Weights, place: int) -> NDArray[np.bool_]:
    """Which tokens come before this one: the heavier, and of its equals those with lower ids."""
    is_ahead = np.empty(len(weights), dtype=np.bool_)
    np.greater_equal(weights[:place], weights[place], out=is_ahead[:place])
    np.greater(weights[place:], weights[place], out=is_ahead[place:])
    return is_ahead


def _head_edge(weights: Weights, top_k: int, top_p: float) -> tuple[np.float32, int]:
    """The least weight that top-k and top-p keep, and how many tokens they keep."""
    head = _heaviest(weights, top_k)
    num_kept = int(np.count_nonzero(head))
    if top_p < 1:
        sums = head.cumsum(dtype=np.float64)
        num_kept = min(num_kept, int((sums < top_p * sums[-1]).sum()) + 1)
    least: np.float32 = head[num_kept - 1]
    return least, num_kept


def _heaviest(weights: Weights, num: int) -> Weights:
    """The ``num`` highest weights, highest first."""
    for level in _LEVELS:
        is_above = weights >= level
        if np.count_nonzero(is_above) >= num:
            weights = weights[is_above]
            break
    head: Weights = np.sort(np.partition(weights, len(weights) - num)[-num:])[::-1]
    return head
