"""The three penalties on tokens of prompt and answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.engine.sampling.penalties import TokenCounts, penalise
from palaver.generation.request import SamplingParams

_VOCAB = 12
_TOKENS = st.lists(st.integers(0, _VOCAB - 1), max_size=30)


def _penalised(
    row: list[float],
    prompt: list[int],
    answer: list[int],
    *,
    repetition: float = 1.0,
    frequency: float = 0.0,
    presence: float = 0.0,
) -> list[float]:
    counts = TokenCounts(prompt)
    for token_id in answer:
        counts.add(token_id)
    logits = np.array(row, dtype=np.float32)
    params = SamplingParams(
        max_tokens=1,
        seed=0,
        repetition_penalty=repetition,
        frequency_penalty=frequency,
        presence_penalty=presence,
    )
    penalise(logits[None], [0], [counts], [params])
    return [float(value) for value in logits]


def test_repetition_divides_positive_logits_and_multiplies_negative_ones() -> None:
    row = [3.0, -3.0, 3.0, -3.0, 0.0]
    assert _penalised(row, [0, 1], [4], repetition=2) == [1.5, -6.0, 3.0, -3.0, 0.0]


def test_repetition_applies_to_prompt_and_answer_regardless_of_counts() -> None:
    assert _penalised([4.0, 4.0, 4.0], [0, 0, 0], [1, 0, 1], repetition=2) == [2.0, 2.0, 4.0]


def test_frequency_counts_each_use_in_the_answer_and_none_in_the_prompt() -> None:
    assert _penalised([0.0, 0.0, 0.0], [0, 2, 2], [0, 1, 1, 1], frequency=0.5) == [-0.5, -1.5, 0.0]


def test_presence_counts_the_answer_once() -> None:
    assert _penalised([0.0, 0.0, 0.0], [2], [0, 1, 1], presence=0.5) == [-0.5, -0.5, 0.0]


def test_negative_penalties_raise_logits() -> None:
    assert _penalised([1.0, 1.0], [], [0, 0], frequency=-0.5, presence=-1) == [3.0, 1.0]


def test_repetition_comes_before_the_subtractions() -> None:
    assert _penalised([4.0], [], [0], repetition=2, frequency=1, presence=0.5) == [0.5]


@given(
    _TOKENS,
    _TOKENS,
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.25, 1.0, 1.3, 2.0]),
    st.sampled_from([-2.0, 0.0, 0.3, 2.0]),
    st.sampled_from([-2.0, 0.0, 0.7, 2.0]),
)
def test_penalties_equal_the_plain_formula(
    prompt: list[int],
    answer: list[int],
    seed: int,
    repetition: float,
    frequency: float,
    presence: float,
) -> None:
    row = np.random.default_rng(seed).normal(0, 3, _VOCAB).tolist()
    expected = []
    for token_id, value in enumerate(row):
        new = value
        if token_id in prompt or token_id in answer:
            new = new / repetition if new > 0 else new * repetition
        new -= frequency * answer.count(token_id) + presence * (token_id in answer)
        expected.append(new)
    penalties = {"repetition": repetition, "frequency": frequency, "presence": presence}
    assert _penalised(row, prompt, answer, **penalties) == pytest.approx(expected, abs=1e-4)


def test_more_distinct_tokens_than_the_first_arrays_hold_are_all_penalised() -> None:
    used = list(range(500))
    assert _penalised([0.0] * 600, used[:250], used[250:], presence=1) == (
        [0.0] * 250 + [-1.0] * 250 + [0.0] * 100
    )


def test_a_copy_counts_on_its_own() -> None:
    counts = TokenCounts([0])
    counts.add(1)
    other = counts.copy()
    other.add(2)
    counts.add(1)
    params = SamplingParams(max_tokens=1, seed=0, frequency_penalty=1)
    rows = np.zeros((2, 4), dtype=np.float32)
    penalise(rows, [0, 1], [counts, other], [params, params])
    assert rows.tolist() == [[0, -2, 0, 0], [0, -1, -1, 0]]


def test_rows_are_penalised_each_by_its_own_counts_and_params() -> None:
    counts = [TokenCounts([0]), TokenCounts([1, 2])]
    counts[1].add(1)
    params = [
        SamplingParams(max_tokens=1, seed=0, repetition_penalty=2),
        SamplingParams(max_tokens=1, seed=0, frequency_penalty=1, presence_penalty=2),
    ]
    rows = np.full((3, 3), 4, dtype=np.float32)
    penalise(rows, [0, 2], counts, params)
    assert rows.tolist() == [[2, 4, 4], [4, 4, 4], [4, 1, 4]]
