"""Counts of the sampled tokens, for each beginning of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.sampling.reference import Vector
from tests.sampling.statistics import Fit, fit, together

Beginning: TypeAlias = tuple[int, ...]
Tally: TypeAlias = dict[Beginning, NDArray[np.int64]]
"""``int64[V]`` for each beginning: how often each token came next."""
Probabilities: TypeAlias = Callable[[Beginning], Vector]
"""The probabilities of the next token after a beginning."""

_LEAST_DRAWS = 60
"""Beginnings that occurred more rarely are ignored."""


def tally(answers: Iterable[Beginning], vocab_size: int) -> Tally:
    """The tokens of all answers."""
    counts: Tally = {}
    for answer in answers:
        for place, token in enumerate(answer):
            zeros = np.zeros(vocab_size, dtype=np.int64)
            counts.setdefault(answer[:place], zeros)[token] += 1
    return counts


def simulated(
    probabilities: Probabilities, num_samples: int, num_tokens: int, end: int, seed: int
) -> Tally:
    """Samples of a sampler that gives tokens these probabilities.

    Args:
        probabilities: Of the sampler.
        num_samples: Answers to sample.
        num_tokens: Tokens of each, fewer if it ends.
        end: The token that ends an answer.
        seed: Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    counts: Tally = {}
    begun: dict[Beginning, int] = {(): num_samples}
    for _ in range(num_tokens):
        new = {b: rng.multinomial(num, probabilities(b)) for b, num in begun.items()}
        counts |= new
        begun = {
            (*beginning, int(token)): int(row[token])
            for beginning, row in new.items()
            for token in np.flatnonzero(row >= _LEAST_DRAWS)
            if token != end
        }
    return counts


def fit_of(counts: Tally, probabilities: Probabilities) -> Fit:
    """How well a tally fits the probabilities of a correct sampler."""
    return together(
        fit(row, probabilities(beginning))
        for beginning, row in counts.items()
        if row.sum() >= _LEAST_DRAWS
    )
