"""Tests of the statistics that the verdicts depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.sampling.statistics import LEVEL, chi_square_tail, fit, together


@pytest.mark.parametrize(
    ("statistic", "freedom", "tail"),
    [
        (3.841458820694124, 1, 0.05),
        (9.487729036781154, 4, 0.05),
        (20.090235029663233, 8, 0.01),
        (29.588298445074422, 10, 0.001),
        (124.34211340400407, 100, 0.05),
    ],
)
def test_the_tail_of_chi_square_matches_published_tables(
    statistic: float, freedom: int, tail: float
) -> None:
    assert math.isclose(chi_square_tail(statistic, freedom), tail, rel_tol=1e-9)


def test_correct_samples_are_rejected_as_rarely_as_the_level_says() -> None:
    rng = np.random.default_rng(1)
    probabilities = np.array([0.5, 0.25, 0.15, 0.06, 0.04])
    values = [fit(rng.multinomial(500, probabilities), probabilities).p_value for _ in range(4000)]
    counts, _ = np.histogram(values, bins=10, range=(0, 1))
    assert counts.min() > 320
    assert counts.max() < 480
    assert min(values) > LEVEL


def test_a_sample_of_an_impossible_token_is_rejected() -> None:
    probabilities = np.array([0.5, 0.5, 0.0])
    assert fit(np.array([500, 499, 1]), probabilities).is_rejected
    assert not fit(np.array([500, 500, 0]), probabilities).is_rejected


def test_rare_tokens_are_merged_until_there_are_enough() -> None:
    probabilities = np.array([0.9, *[0.001] * 100])
    assert fit(np.array([900, *[1] * 100]), probabilities).freedom == 12


def test_several_fits_add_up() -> None:
    one = fit(np.array([60, 40]), np.array([0.5, 0.5]))
    both = together([one, one])
    assert (both.statistic, both.freedom) == (2 * one.statistic, 2)
