"""Random numbers: the published vectors, and numbers that depend on their coordinates alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.engine.sampling import philox
from palaver.engine.sampling.philox import UniformCache, philox4x32, uniforms

_SEEDS = st.integers(0, 2**64 - 1)
_WORDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_vectors_of_random123(
    counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    words = philox4x32(np.array([counter], dtype=np.uint64), np.array([key], dtype=np.uint64))
    assert tuple(words[0].tolist()) == expected


@given(st.lists(st.tuples(_SEEDS, _WORDS, _WORDS), min_size=1, max_size=20), st.data())
def test_a_number_does_not_depend_on_its_neighbours_in_the_batch(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    row = data.draw(st.sampled_from(rows))
    seeds, choices, positions = (list(column) for column in zip(*rows, strict=True))
    together = uniforms(seeds, choices, positions)
    alone = uniforms([row[0]], [row[1]], [row[2]])
    assert (together[rows.index(row)] == alone[0]).all()


@given(_SEEDS, _WORDS, _WORDS)
def test_numbers_lie_in_the_half_open_unit_interval(seed: int, choice: int, position: int) -> None:
    numbers = uniforms([seed], [choice], [position])
    assert numbers.shape == (1, 2)
    assert ((numbers >= 0) & (numbers < 1)).all()


def test_a_position_has_as_many_numbers_as_are_wanted() -> None:
    numbers = {x for block in range(20) for x in uniforms([7], [1], [3], block)[0].tolist()}
    assert len(numbers) == 40


def test_neighbouring_coordinates_give_different_numbers() -> None:
    seeds, choices, positions = [7, 8, 7, 7, 7 + 2**32], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0]
    assert len(set(uniforms(seeds, choices, positions).flatten().tolist())) == 2 * len(seeds)


def test_numbers_are_spread_evenly() -> None:
    num = 20_000
    numbers = uniforms([5] * num, [0] * num, list(range(num)))
    counts = np.histogram(numbers, bins=16, range=(0, 1))[0]
    chi_square = ((counts - num / 8) ** 2 / (num / 8)).sum()
    assert chi_square < 37.697  # 15 degrees of freedom, level 0.001


@given(st.lists(st.lists(st.tuples(_SEEDS, _WORDS, st.integers(0, 300)), min_size=1), max_size=4))
def test_numbers_computed_ahead_are_those_of_their_coordinates(
    steps: list[list[tuple[int, int, int]]],
) -> None:
    numbers = UniformCache()
    for coordinates in steps:
        seeds, choices, positions = zip(*coordinates, strict=True)
        assert (numbers.at(coordinates) == uniforms(seeds, choices, positions)).all()


def test_the_number_of_cached_numbers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(philox, "_MAX_RUNS", 3)
    numbers = UniformCache()
    for seeds in ([1, 2, 3], [3, 4, 5], [1, 2, 3, 4, 5]):
        found = numbers.at([(seed, 0, 70) for seed in seeds])
        assert (found == uniforms(seeds, [0] * len(seeds), [70] * len(seeds))).all()
        assert len(numbers._runs) <= 3
