"""Pearson's chi-square test of frequencies against probabilities, with numpy alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVEL = 1e-5
"""A sampler is rejected if a correct one would fit as badly with a probability below this.

Seeds are fixed: with the same weights a test gives the same verdict each time.
"""
_LEAST_EXPECTED = 8.0
"""Tokens are merged until this many samples of them are expected."""


@dataclass(frozen=True)
class Fit:
    """The distance of frequencies from their expectation.

    Attributes:
        statistic: Chi-square.
        freedom: Its degrees of freedom.
    """

    statistic: float
    freedom: int

    @property
    def p_value(self) -> float:
        """The probability that a correct sampler fits no better."""
        return chi_square_tail(self.statistic, self.freedom)

    @property
    def is_rejected(self) -> bool:
        """Whether the sampler must be wrong."""
        return self.p_value < LEVEL


def fit(counts: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Fit:
    """How well the counts of tokens fit their probabilities; impossible tokens are rejected."""
    if counts[probabilities == 0].any():
        return Fit(math.inf, 1)
    order = np.argsort(-probabilities, kind="stable")[: np.count_nonzero(probabilities)]
    expected = probabilities[order] * counts.sum()
    begins = _bins(expected)
    expected = np.add.reduceat(expected, begins)
    observed = np.add.reduceat(counts[order], begins)
    return Fit(float(((observed - expected) ** 2 / expected).sum()), len(begins) - 1)


def together(fits: Iterable[Fit]) -> Fit:
    """Independent fits as one."""
    fits = list(fits)
    return Fit(sum(one.statistic for one in fits), sum(one.freedom for one in fits))


def chi_square_tail(statistic: float, freedom: int) -> float:
    """The probability that chi-square is at least this large (a finite sum for whole numbers)."""
    half = statistic / 2
    if half == 0 or math.isinf(half):
        return float(half == 0)
    tail = math.erfc(math.sqrt(half)) if freedom % 2 else 0.0
    powers = np.arange((freedom % 2) / 2, freedom / 2)
    return tail + math.fsum(
        math.exp(a * math.log(half) - half - math.lgamma(a + 1)) for a in powers
    )


def _bins(expected: NDArray[np.float64]) -> list[int]:
    """Where bins begin, each of neighbours that are together large enough."""
    begins, held = [0], 0.0
    for place, number in enumerate(expected):
        if held >= _LEAST_EXPECTED:
            begins.append(place)
            held = 0.0
        held += number
    if held < _LEAST_EXPECTED and len(begins) > 1:
        begins.pop()
    return begins
