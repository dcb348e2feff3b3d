"""The passes of :mod:`palaver.engine.sampling.base`, compiled for this processor by numba.

Each row is read twice to compute its weights and once to test whether top-p keeps its token, with
vector instructions and while it is in the processor's caches; numpy reads and writes it nine times.
Sums are in single precision within a block and in double precision across blocks.

The fast-math flags must not assume finite numbers: forbidden tokens have minus infinity.
"""

from __future__ import annotations

import numba
import numpy as np
from numba import boolean, float32, float64, int32, int64
from numpy.typing import NDArray

from palaver.engine.sampling.base import MoreNumbers
from palaver.engine.sampling.distribution import BLOCK_TOKENS, num_blocks

_SUMS_IN_ANY_ORDER = {"contract", "nsz", "reassoc"}
_LEAST = np.float32(-87)
"""Below it, the exponential is subnormal in single precision; it is taken to be 0."""
_LOG2_E = np.float32(1.44269504)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_EXPONENT_BITS, _EXPONENT_OF_1 = np.int32(23), np.int32(127)
_SIGN_BIT, _OTHER_BITS = np.int32(31), np.int32(0x7FFFFFFF)
_LOWEST = np.int32(-(2**31))
_LESS = np.float32(-np.inf)
_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_P0, _P1, _P2, _P3, _P4 = (
    np.float32(p)
    for p in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1)
)
"""The minimax polynomial of Cephes' ``expf``, highest power first."""


class CompiledKernels:
    """One pass with vector instructions for all operations together; see :class:`Kernels`."""

    def softmax_numerators(
        self, logits: NDArray[np.float32], factors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """See :class:`Kernels`."""
        sums = np.empty((len(logits), num_blocks(logits.shape[1])), dtype=np.float32)
        _numerators(logits, logits.view(np.int32), factors, sums)
        return sums

    def sample(
        self,
        weights: NDArray[np.float32],
        sums: NDArray[np.float32],
        masses: NDArray[np.float64],
        numbers: NDArray[np.float64],
        more: MoreNumbers,
    ) -> NDArray[np.int64]:
        """See :class:`Kernels`."""
        is_tested = np.array([further is not None for further in more])
        tokens = np.empty(len(weights), dtype=np.int64)
        _sample(weights, sums, masses, numbers, is_tested, tokens)
        for row in np.flatnonzero(tokens < 0).tolist():
            part = slice(row, row + 1)
            for number in more[row] or ():
                _sample(
                    weights[part],
                    sums[part],
                    masses[part],
                    np.array([[number]]),
                    is_tested[part],
                    tokens[part],
                )
                if tokens[row] >= 0:
                    break
        return tokens


@numba.njit
def _ordered(bits: int) -> np.int32:
    """The bits of a float as an integer that sorts like the float; its own inverse."""
    return np.int32(bits ^ np.int32(np.int32(bits >> _SIGN_BIT) & _OTHER_BITS))


@numba.njit(fastmath={"contract"})
def _exp(x: np.float32) -> np.float32:
    """The exponential of a number that is not positive; the relative error is below 1e-6."""
    bounded = x if x > _LEAST else _LEAST
    power = np.int32(bounded * _LOG2_E - _HALF)
    rest = bounded - np.float32(power) * _LN2_HIGH - np.float32(power) * _LN2_LOW
    series = (((_P0 * rest + _P1) * rest + _P2) * rest + _P3) * rest + _P4
    series = (series * rest + _HALF) * rest * rest + rest + _ONE
    scale = np.int32(np.int32(power + _EXPONENT_OF_1) << _EXPONENT_BITS).view(np.float32)
    return series * scale if x > _LEAST else _ZERO


@numba.njit
def _highest(bits: NDArray[np.int32]) -> np.float32:
    highest = _LOWEST
    # Integers are compared, since float maxima with NaN are not vectorised.
    for i in range(bits.shape[0]):
        highest = max(highest, _ordered(bits[i]))
    return np.int32(_ordered(highest)).view(np.float32)


@numba.njit(fastmath=_SUMS_IN_ANY_ORDER)
def _numerators_of_block(
    block: NDArray[np.float32], highest: np.float32, factor: np.float32
) -> np.float32:
    total = _ZERO
    for i in range(block.shape[0]):
        weight = _exp((block[i] - highest) * factor)
        block[i] = weight
        total += weight
    return total


@numba.njit(numba.void(float32[:, ::1], int32[:, ::1], float32[::1], float32[:, ::1]), nogil=True)
def _numerators(
    rows: NDArray[np.float32],
    bits: NDArray[np.int32],
    factors: NDArray[np.float32],
    sums: NDArray[np.float32],
) -> None:
    """Overwrite rows with weights, and compute block sums; ``bits`` is ``rows`` as integers."""
    for r in range(rows.shape[0]):
        row, highest = rows[r], _highest(bits[r])
        for s in range(sums.shape[1]):
            block = row[s * BLOCK_TOKENS : min((s + 1) * BLOCK_TOKENS, row.shape[0])]
            sums[r, s] = _numerators_of_block(block, highest, factors[r])


@numba.njit(fastmath=_SUMS_IN_ANY_ORDER)
def _sum_above(weights: NDArray[np.float32], edge: np.float32) -> np.float32:
    total = _ZERO
    for i in range(weights.shape[0]):
        total += weights[i] if weights[i] > edge else _ZERO
    return total


@numba.njit
def _mass_ahead(row: NDArray[np.float32], token: int) -> float:
    """The sum of the weights ahead of the token: the higher ones, and equal ones with lower ids."""
    edge, total = row[token], 0.0
    below = np.nextafter(edge, _LESS)
    for begin in range(0, row.shape[0], BLOCK_TOKENS):
        end = min(begin + BLOCK_TOKENS, row.shape[0])
        middle = max(begin, min(token, end))
        total += _sum_above(row[begin:middle], below) + _sum_above(row[middle:end], edge)
    return total


@numba.njit(fastmath=_SUMS_IN_ANY_ORDER)
def _keep_above(weights: NDArray[np.float32], edge: np.float32) -> np.float32:
    total = _ZERO
    for i in range(weights.shape[0]):
        weight = weights[i] if weights[i] > edge else _ZERO
        weights[i] = weight
        total += weight
    return total


@numba.njit
def _drop_behind(row: NDArray[np.float32], token: int, sums: NDArray[np.float32]) -> None:
    """Zero the token and all weights that are not ahead of it, and update the block sums."""
    edge = row[token]
    below = np.nextafter(edge, _LESS)
    for s in range(sums.shape[0]):
        begin, end = s * BLOCK_TOKENS, min((s + 1) * BLOCK_TOKENS, row.shape[0])
        middle = max(begin, min(token, end))
        sums[s] = _keep_above(row[begin:middle], below) + _keep_above(row[middle:end], edge)


@numba.njit
def _first_beyond(sums: NDArray[np.float32], target: float) -> tuple[int, float]:
    """Where the running sum passes the target (or its last positive entry), and the sum before."""
    place, before, total = 0, 0.0, 0.0
    for i in range(sums.shape[0]):
        if sums[i] > 0:
            place, before = i, total
            total += sums[i]
            if total > target:
                break
    return place, before


@numba.njit
def _pick(row: NDArray[np.float32], sums: NDArray[np.float32], number: float) -> int:
    total = 0.0
    for s in range(sums.shape[0]):
        total += sums[s]
    block, before = _first_beyond(sums, number * total)
    begin = block * BLOCK_TOKENS
    end = min(begin + BLOCK_TOKENS, row.shape[0])
    place, _ = _first_beyond(row[begin:end], number * total - before)
    token: int = begin + place
    return token


@numba.njit(
    numba.void(
        float32[:, ::1], float32[:, ::1], float64[::1], float64[:, ::1], boolean[::1], int64[::1]
    ),
    nogil=True,
)
def _sample(
    rows: NDArray[np.float32],
    sums: NDArray[np.float32],
    masses: NDArray[np.float64],
    numbers: NDArray[np.float64],
    is_tested: NDArray[np.bool_],
    tokens: NDArray[np.int64],
) -> None:
    """A token for each row; -1 where more random numbers are needed. Forbidden weights are 0."""
    for r in range(rows.shape[0]):
        for i in range(numbers.shape[1]):
            token = _pick(rows[r], sums[r], numbers[r, i])
            ahead = _mass_ahead(rows[r], token) if is_tested[r] else 0.0
            if ahead == 0 or not ahead >= masses[r]:
                tokens[r] = token
                break
            _drop_behind(rows[r], token, sums[r])
            tokens[r] = -1
