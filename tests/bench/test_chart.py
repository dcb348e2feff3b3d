from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.bench.chart import Box, Canvas, Panel, ticks

BOX = Box(10, 10, 390, 290)


@given(st.floats(1e-6, 1e9))
def test_ticks_reach_the_maximum_with_few_even_round_steps(maximum: float) -> None:
    marks = ticks(maximum)
    step = marks[1]
    assert marks[0] == 0
    assert marks[-1] >= maximum * (1 - 1e-6)
    assert marks[-2] < maximum
    assert 2 <= len(marks) <= 7
    assert marks == pytest.approx([i * step for i in range(len(marks))])
    digits = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(digits - round_one) for round_one in (1, 2, 2.5, 5)) < 1e-6


@pytest.mark.parametrize("maximum", [0.0, -1.0, math.nan, math.inf])
def test_ticks_of_nothing_are_an_axis_all_the_same(maximum: float) -> None:
    assert ticks(maximum) == [0.0, 1.0]


def drawn(*series: tuple[str, list[float | None]], is_bars: bool = False) -> set[tuple[int, ...]]:
    canvas = Canvas(400, 300)
    panel = Panel(title="Title", axis="axis", categories=["1", "8"], series=series, is_bars=is_bars)
    canvas.panel(BOX, panel, str)
    image = canvas.finish()
    assert image.size == (400, 300)
    return {pixel for _, pixel in image.getcolors(1 << 20) or () if isinstance(pixel, tuple)}


BLUE, GREEN, ORANGE = (0, 114, 178), (0, 158, 115), (230, 159, 0)


def test_bars_and_lines_have_colours_of_their_own() -> None:
    values: list[float | None] = [1.0, 2.0]
    assert BLUE in drawn(("a", values), is_bars=True)
    assert {GREEN, ORANGE} <= drawn(("a", values), ("b", [2.0, 4.0]))


def test_missing_value_is_left_out() -> None:
    assert GREEN in drawn(("a", [None, 2.0]))
    assert BLUE in drawn(("a", [3.0, None]), is_bars=True)


def test_panel_without_values_is_drawn_without_marks() -> None:
    colours = drawn(("a", [None, None]))
    assert not colours & {BLUE, GREEN, ORANGE}
    assert len(colours) > 1  # there is text
