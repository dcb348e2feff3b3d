"""Counter-based random numbers: a token's depend only on seed, choice and position.

Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3"
(SC 2011), over many counters at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROUNDS = 10
_MULTIPLIERS = np.array([0xD2511F53, 0xCD9E8D57], dtype=np.uint64)
_WEYL = np.array([0x9E3779B9, 0xBB67AE85], dtype=np.uint64)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_RUN = 64
"""Consecutive positions that are computed together."""
_MAX_RUNS = 1024


def philox4x32(counters: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Four random 32-bit words for each counter.

    Args:
        counters: ``uint64[N, 4]``, each element below 2**32.
        keys: ``uint64[N, 2]``, each element below 2**32.

    Returns:
        ``uint64[N, 4]``, each element below 2**32.
    """
    even, odd = counters[:, 0::2], counters[:, 1::2]
    key = keys.copy()
    for _ in range(_ROUNDS):
        product = even * _MULTIPLIERS
        high, low = (product >> _HALF)[:, ::-1], (product & _LOW)[:, ::-1]
        even, odd = high ^ odd ^ key, low
        key = (key + _WEYL) & _LOW
    words = np.empty_like(counters)
    words[:, 0::2], words[:, 1::2] = even, odd
    return words


def uniforms(
    seeds: ArrayLike, choices: ArrayLike, positions: ArrayLike, block: int = 0
) -> NDArray[np.float64]:
    """Two numbers in [0, 1) for each (seed, choice, position), 53 bits of randomness each.

    Args:
        seeds: ``uint64[N]``.
        choices: ``uint32[N]``, the index of the choice within its request.
        positions: ``uint32[N]``, the index of the token within its answer.
        block: Index of the pair of numbers among all pairs of these coordinates.

    Returns:
        ``float64[N, 2]``.
    """
    seed = np.asarray(seeds, dtype=np.uint64)
    keys = np.stack([seed & _LOW, seed >> _HALF], axis=1)
    counters = np.zeros((len(seed), 4), dtype=np.uint64)
    counters[:, 0] = positions
    counters[:, 1] = choices
    counters[:, 2] = block
    words = philox4x32(counters, keys)
    bits = (words[:, 0::2] << np.uint64(21)) ^ (words[:, 1::2] >> np.uint64(11))
    return bits.astype(np.float64) * 2.0**-53


class UniformCache:
    """The first two numbers of each position, computed for 64 consecutive positions at once.

    The time goes into the number of numpy calls, so 64 positions take hardly longer than one.
    """

    def __init__(self) -> None:
        self._runs: OrderedDict[tuple[int, int, int], NDArray[np.float64]] = OrderedDict()

    def at(self, coordinates: Sequence[tuple[int, int, int]]) -> NDArray[np.float64]:
        """What :func:`uniforms` gives, ``float64[N, 2]``.

        Args:
            coordinates: N of (seed, choice, position).
        """
        if len(coordinates) > _MAX_RUNS:
            seeds, choices, positions = zip(*coordinates, strict=True)
            return uniforms(seeds, choices, positions)
        keys = [(seed, choice, position // _RUN) for seed, choice, position in coordinates]
        missing = [key for key in dict.fromkeys(keys) if key not in self._runs]
        if missing:
            self._compute(missing)
        found = [self._runs[key][at[2] % _RUN] for key, at in zip(keys, coordinates, strict=True)]
        while len(self._runs) > _MAX_RUNS:
            self._runs.popitem(last=False)
        return np.array(found)

    def _compute(self, keys: Sequence[tuple[int, int, int]]) -> None:
        seeds, choices, runs = (np.array(part, dtype=np.uint64) for part in zip(*keys, strict=True))
        positions = runs[:, None] * np.uint64(_RUN) + np.arange(_RUN, dtype=np.uint64)
        found = uniforms(seeds.repeat(_RUN), choices.repeat(_RUN), positions.reshape(-1))
        self._runs.update(zip(keys, found.reshape(-1, _RUN, 2), strict=True))
