"""Top-k, top-p and min-p: which tokens of a row they keep.

Each of them keeps a head of the tokens ordered by weight, lower ids first among equals; together
they keep the shortest of the heads. Sorting a vocabulary costs more than all other work of a
sample, so nothing here sorts a whole one:

- min-p is a threshold;
- top-k sorts only the tokens above a weight that enough tokens reach; with top-k, top-p is computed
  among those k tokens;
- top-p alone tests the sampled token: it is in the head if the tokens ahead of it have less than
  the mass that is kept. Otherwise the head is among the tokens ahead of it, and sampling is
  repeated over them (rejection sampling with a shrinking set, which keeps the proportions within
  the head).
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
"""Tokens at the beginning of a row that are examined before the others."""
_DOT_TOKENS = 2**13
"""Length of a dot product: too short for BLAS to start threads."""
_MARGIN = 1e-3
"""Share of a sum; the error of adding up a vocabulary in single precision is smaller."""

Weights = NDArray[np.float32]


def drop_tail(weights: Weights, params: SamplingParams) -> bool:
    """Zero what top-k (with top-p among its tokens) and min-p do not keep, in place.

    Args:
        weights: ``float32[V]``, not negative, the highest 1.
        params: The row's parameters.

    Returns:
        Whether top-k or min-p is in use.
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
    """Whether top-p is in use without top-k, so that :func:`resample` has to test the sample."""
    return params.top_p < 1 and not 0 < params.top_k < vocab


def are_surely_kept(
    distribution: Distribution,
    tokens: NDArray[np.int64],
    masses: NDArray[np.float64],
    is_asked: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """The rows where the smaller weights add up to so much that top-p keeps the token, ``bool[R]``.

    This is cheaper than :func:`resample`, because the block sums or a part of the row mostly decide
    it, and never contradicts it: the margin is wider than the rounding errors of both.

    Args:
        distribution: The distribution that was sampled from.
        tokens: ``int64[R]``, the sampled tokens.
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
    """The approximate sum of each row's weights below its edge, ``float64[R]``."""
    is_lighter = np.less(weights, edges).astype(np.float32)
    num_dots = weights.shape[1] // _DOT_TOKENS
    whole = num_dots * _DOT_TOKENS
    dots = (len(weights), num_dots, _DOT_TOKENS)
    sums = np.vecdot(weights[:, :whole].reshape(dots), is_lighter[:, :whole].reshape(dots))
    rest = np.vecdot(weights[:, whole:], is_lighter[:, whole:])
    added: NDArray[np.float64] = sums.sum(axis=1, dtype=np.float64) + rest
    return added


def resample(
    distribution: Distribution, row: int, token: int, mass: float, uniforms: Iterator[float]
) -> int:
    """The token itself if top-p keeps it, else one sampled from the tokens ahead of it.

    Args:
        distribution: The distribution that the token was sampled from; min-p may have dropped
            tokens from it.
        row: Its row.
        token: The sampled token.
        mass: The mass that top-p keeps, as a sum of weights.
        uniforms: More random numbers in [0, 1).
    """
    blocks, weights = distribution.head(row, token)
    block, within = divmod(token, BLOCK_TOKENS)
    place = int(np.searchsorted(blocks, block)) * BLOCK_TOKENS + within
    while True:
        is_ahead = _is_ahead(weights, place).astype(np.float32)
        mass_ahead = np.einsum("t,t->", weights, is_ahead)  # twice as fast as a product and a sum
        if not mass_ahead >= mass:  # true for NaN as well
            return int(blocks[place // BLOCK_TOKENS]) * BLOCK_TOKENS + place % BLOCK_TOKENS
        weights = weights * is_ahead
        ahead = Distribution(weights[None], block_sums(weights[None]))
        place = int(ahead.pick(np.array([next(uniforms)]))[0])


def _is_ahead(weights: Weights, place: int) -> NDArray[np.bool_]:
    """Which tokens are ahead: those with higher weights, and equal ones with lower ids."""
    is_ahead = np.empty(len(weights), dtype=np.bool_)
    np.greater_equal(weights[:place], weights[place], out=is_ahead[:place])
    np.greater(weights[place:], weights[place], out=is_ahead[place:])
    return is_ahead


def _head_edge(weights: Weights, top_k: int, top_p: float) -> tuple[np.float32, int]:
    """The smallest weight that top-k and top-p keep, and how many tokens they keep."""
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
