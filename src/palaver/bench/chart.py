"""Bars and lines over categories, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

INK = "#1f2933"
FAINT = "#7b8794"
_GRID = "#e4e7eb"
_BAR = "#0072b2"
_LINES = ("#009e73", "#e69f00", "#d55e00")  # distinguishable for colour-blind people

_OVERSAMPLING = 2  # Pillow does not smooth lines, so an image is drawn larger and reduced.
_NUM_TICKS = 5
_MAX_BAR = 90

Values: TypeAlias = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the finished image."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Distance from left to right."""
        return self.right - self.left


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart of an image.

    Attributes:
        title: The quantity and its unit.
        axis: Title of the horizontal axis.
        categories: Labels under the horizontal axis.
        series: Name and values, one value for each category; ``None`` where there is none.
        is_bars: Whether the first series is drawn as bars, rather than all as lines.
        absence: Text to show if there are no values.
    """

    title: str
    axis: str
    categories: Sequence[str]
    series: Sequence[tuple[str, Values]]
    is_bars: bool = False
    absence: str = "not measured"

    @property
    def maximum(self) -> float | None:
        """The greatest value; ``None`` if there is none."""
        values = [v for _, series in self.series for v in series if v is not None]
        return max(values, default=None)


def ticks(maximum: float) -> list[float]:
    """Round values from zero to the first that is not below ``maximum``, evenly spaced."""
    if not (maximum > 0 and math.isfinite(maximum)):
        return [0.0, 1.0]
    rough = maximum / _NUM_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough * (1 - 1e-9))
    num_steps = math.ceil(maximum / step * (1 - 1e-9))
    return [i * step for i in range(num_steps + 1)]


class Canvas:
    """An image under construction; coordinates are pixels of the finished one."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._image = Image.new("RGB", (width * _OVERSAMPLING, height * _OVERSAMPLING), "white")
        self._draw = ImageDraw.Draw(self._image)

    def finish(self) -> Image.Image:
        """The image."""
        return self._image.resize(self._size, Image.Resampling.LANCZOS)

    def text(
        self, x: float, y: float, text: str, *, size: int = 14, fill: str = INK, anchor: str = "la"
    ) -> None:
        """Write, white around the letters; ``anchor`` is the point at ``x, y``, as in Pillow."""
        self._draw.text(
            _scaled(x, y),
            text,
            fill=fill,
            font=ImageFont.load_default(size * _OVERSAMPLING),
            anchor=anchor,
            stroke_width=2 * _OVERSAMPLING,
            stroke_fill="white",
        )

    def width_of(self, text: str, *, size: int) -> float:
        """Width of a text."""
        font = ImageFont.load_default(size * _OVERSAMPLING)
        return self._draw.textlength(text, font=font) / _OVERSAMPLING

    def line(self, points: Sequence[tuple[float, float]], fill: str, width: float = 1) -> None:
        """Draw from point to point."""
        scaled = [_scaled(x, y) for x, y in points]
        self._draw.line(scaled, fill=fill, width=round(width * _OVERSAMPLING), joint="curve")

    def bar(self, box: Box, fill: str) -> None:
        """Fill a rectangle."""
        self._draw.rectangle(_scaled(box.left, box.top) + _scaled(box.right, box.bottom), fill=fill)

    def dot(self, x: float, y: float, fill: str, radius: float = 4) -> None:
        """Draw a disc."""
        corners = _scaled(x - radius, y - radius) + _scaled(x + radius, y + radius)
        self._draw.ellipse(corners, fill=fill)

    def panel(self, box: Box, panel: Panel, label: Callable[[float], str]) -> None:
        """Draw a chart into a rectangle; ``label`` writes a value."""
        _PanelDrawing(self, box, panel, label).draw()


class _PanelDrawing:
    def __init__(
        self, canvas: Canvas, box: Box, panel: Panel, label: Callable[[float], str]
    ) -> None:
        self._canvas = canvas
        self._box = box
        self._plot = Box(box.left + 62, box.top + 54, box.right - 12, box.bottom - 46)
        self._panel = panel
        self._label = label
        self._ticks = ticks(panel.maximum or 0.0)

    def draw(self) -> None:
        self._canvas.text(self._box.left, self._box.top, self._panel.title, size=18)
        if self._panel.maximum is None:
            middle = (self._plot.left + self._plot.right) / 2
            height = (self._plot.top + self._plot.bottom) / 2
            self._canvas.text(middle, height, self._panel.absence, fill=FAINT, anchor="mm")
            return
        self._draw_axes()
        if self._panel.is_bars:
            self._draw_bars(self._panel.series[0][1])
        else:
            self._draw_legend()
            for (_, values), colour in zip(self._panel.series, _LINES, strict=False):
                self._draw_line(values, colour)

    def _x(self, category: int) -> float:
        slot = self._plot.width / len(self._panel.categories)
        return self._plot.left + slot * (category + 0.5)

    def _y(self, value: float) -> float:
        share = value / self._ticks[-1]
        return self._plot.bottom - share * (self._plot.bottom - self._plot.top)

    def _draw_axes(self) -> None:
        plot = self._plot
        for tick in self._ticks:
            y = self._y(tick)
            colour = FAINT if tick == 0 else _GRID
            self._canvas.line([(plot.left, y), (plot.right, y)], colour)
            text = f"{tick:.6g}"
            self._canvas.text(plot.left - 8, y, text, size=13, fill=FAINT, anchor="rm")
        for category, name in enumerate(self._panel.categories):
            self._canvas.text(self._x(category), plot.bottom + 7, name, size=13, anchor="ma")
        middle = (plot.left + plot.right) / 2
        axis = self._panel.axis
        self._canvas.text(middle, plot.bottom + 26, axis, size=13, fill=FAINT, anchor="ma")

    def _draw_bars(self, values: Values) -> None:
        width = min(self._plot.width / len(values) * 0.6, _MAX_BAR)
        for category, value in enumerate(values):
            if value is None:
                continue
            x, y = self._x(category), self._y(value)
            self._canvas.bar(Box(x - width / 2, y, x + width / 2, self._plot.bottom), _BAR)
            self._canvas.text(x, y - 4, self._label(value), size=13, anchor="ms")

    def _draw_line(self, values: Values, colour: str) -> None:
        points = [(self._x(i), self._y(v)) for i, v in enumerate(values) if v is not None]
        if len(points) > 1:
            self._canvas.line(points, colour, 2.5)
        for x, y in points:
            self._canvas.dot(x, y, colour)

    def _draw_legend(self) -> None:
        x = self._plot.left
        y = self._box.top + 36
        for (name, _), colour in zip(self._panel.series, _LINES, strict=False):
            self._canvas.dot(x + 5, y, colour, 5)
            self._canvas.text(x + 15, y, name, size=13, anchor="lm")
            x += 15 + self._canvas.width_of(name, size=13) + 18


def _scaled(x: float, y: float) -> tuple[float, float]:
    return x * _OVERSAMPLING, y * _OVERSAMPLING
