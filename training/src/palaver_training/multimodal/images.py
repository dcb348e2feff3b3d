"""Images: colours, shapes, counts, places, sizes, digits, words, comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import TypeAlias

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from palaver_training.multimodal.media import Image
from palaver_training.multimodal.sample import MediaSample, Question, asked, talked
from palaver_training.multimodal.words import COLOURS, PRINTED, SHAPES, is_of, jittered, pair
from palaver_training.sample import Split

Colour: TypeAlias = tuple[int, int, int]
Named: TypeAlias = tuple[str, str]
"""A colour's name in English and Chinese."""
Point: TypeAlias = tuple[float, float]
Font: TypeAlias = ImageFont.ImageFont | ImageFont.FreeTypeFont
Box: TypeAlias = tuple[float, float, float]
"""Centre and radius, in pixels."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SIDES = (96, 96, 112, 128, 128, 160, 224)
_UNNAMED_SHARE = 0.6
_UNLIKE = 70
"""Least distance of an arbitrary colour from the held-out colours of the same shape."""
_DISTINCT = 90
"""Least distance of a thing's colour from what is behind it."""


def canvas(rng: Random, *names: Named, background: Colour | None = None) -> PIL.Image.Image:
    """An empty image, grey or nearly, on which things of these colours are visible."""
    size = (rng.choice(_SIDES), rng.choice(_SIDES))
    return PIL.Image.new("RGB", size, background or behind(rng, *names))


def behind(rng: Random, *names: Named) -> Colour:
    """A background, grey or nearly, on which things of these colours are visible."""
    return ground(rng, [COLOURS[name] for name in names])


def ground(rng: Random, inks: Sequence[Colour]) -> Colour:
    """The same for colours of any kind."""
    while True:
        grey = rng.choice((rng.randint(110, 190), rng.randint(0, 255), 255))
        found = red, green, blue = [min(max(grey + rng.randint(-8, 8), 0), 255) for _ in range(3)]
        if all(math.dist(ink, found) > _DISTINCT for ink in inks):
            return red, green, blue


def paint(image: PIL.Image.Image, shape: str, box: Box, colour: Colour | int) -> None:
    """Draw a shape."""
    draw = ImageDraw.Draw(image)
    x, y, r = box
    match shape:
        case "circle":
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        case "square":
            draw.rectangle((x - r, y - r, x + r, y + r), fill=colour)
        case "triangle":
            draw.polygon([(x, y - r), (x - r, y + r), (x + r, y + r)], fill=colour)
        case "star":
            turns = [math.pi * i / 5 - math.pi / 2 for i in range(10)]
            radii = [r if i % 2 == 0 else r * 0.42 for i in range(10)]
            points = [
                (x + q * math.cos(t), y + q * math.sin(t))
                for t, q in zip(turns, radii, strict=True)
            ]
            draw.polygon(points, fill=colour)


def place(rng: Random, image: PIL.Image.Image, low: float = 0.14, high: float = 0.3) -> Box:
    """Somewhere in the image."""
    r = rng.uniform(low, high) * min(image.size)
    return rng.uniform(r, image.width - r), rng.uniform(r, image.height - r), r


def image_of(image: PIL.Image.Image) -> Image:
    """The finished image."""
    return Image(np.asarray(image))


def colour(rng: Random, split: Split) -> MediaSample:
    """What colour is the shape?"""
    shape, name = pair(rng, split, SHAPES, list(COLOURS))
    image = canvas(rng, name)
    paint(image, shape[0], place(rng, image), jittered(rng, COLOURS[name]))
    questions = [
        (f"What colour is the {shape[0]}?", f"这个{shape[1]}是什么颜色？"),
        ("Which colour do you see?", "你看到什么颜色？"),
        ("What colour is it?", "它是什么颜色？"),
        (f"Name the colour of the {shape[0]}.", f"说出{shape[1]}的颜色。"),
    ]
    return asked("picture colour", rng, [image_of(image)], questions, name)


def shape(rng: Random, split: Split) -> MediaSample:
    """What shape is it?"""
    what, name = pair(rng, split, SHAPES, list(COLOURS))
    ink = jittered(rng, COLOURS[name])
    if split == "train" and rng.random() < _UNNAMED_SHARE:
        ink = _unnamed(rng, what)
    image = canvas(rng, background=ground(rng, [ink]))
    paint(image, what[0], place(rng, image), ink)
    questions = [
        ("What shape is it?", "这是什么形状？"),
        ("Which shape do you see?", "图里是什么形状？"),
    ]
    return asked("picture shape", rng, [image_of(image)], questions, what)


def _unnamed(rng: Random, what: Named) -> Colour:
    """Any colour but the held-out ones of the shape."""
    colours = list(COLOURS)
    kept = [COLOURS[name] for name in colours if is_of("held_out", what, name, SHAPES, colours)]
    while True:
        ink = rng.randrange(256), rng.randrange(256), rng.randrange(256)
        if all(math.dist(ink, other) > _UNLIKE for other in kept):
            return ink


def count(rng: Random, split: Split) -> MediaSample:
    """How many are there?"""
    what, name = pair(rng, split, SHAPES, list(COLOURS))
    image, num = canvas(rng, name), rng.randint(1, 6)
    cells = rng.sample([(i, j) for i in range(3) for j in range(3)], num)
    for column, row in cells:
        x, y = (column + 0.5) * image.width / 3, (row + 0.5) * image.height / 3
        r = rng.uniform(0.08, 0.13) * min(image.size)
        paint(image, what[0], (x, y, r), jittered(rng, COLOURS[name]))
    questions = [
        ("How many shapes are there?", "有多少个形状？"),
        ("Count them.", "数一数有几个。"),
    ]
    return asked("picture count", rng, [image_of(image)], questions, (str(num), str(num)))


def where(rng: Random, split: Split) -> MediaSample:
    """Is one thing left of, right of, above or below the other?"""
    (first, second), direction = pair(rng, split, _couples(), list(_DIRECTIONS))
    image = canvas(rng, first, second)
    dx, dy = _DIRECTIONS[direction]
    for name, sign in ((first, 1), (second, -1)):
        r = rng.uniform(0.1, 0.17) * min(image.size)
        x = image.width * (0.5 + sign * dx * 0.27) + rng.uniform(-4, 4)
        y = image.height * (0.5 + sign * dy * 0.27) + rng.uniform(-4, 4)
        paint(image, rng.choice(SHAPES)[0], (x, y, r), jittered(rng, COLOURS[name]))
    en, zh = (
        f"Where is the {first[0]} one, seen from the {second[0]} one?",
        f"{first[1]}的在{second[1]}的哪一边？",
    )
    return asked("picture where", rng, [image_of(image)], [(en, zh)], direction)


def size(rng: Random, split: Split) -> MediaSample:
    """Which one is bigger?"""
    (large, small), shape = pair(rng, split, _couples(), SHAPES)
    image = canvas(rng, large, small)
    sides = [0.25, 0.75] if rng.random() < 0.5 else [0.75, 0.25]
    for name, side, share in ((large, sides[0], 0.2), (small, sides[1], 0.09)):
        r = share * min(image.size) * rng.uniform(0.9, 1.1)
        box = (image.width * side, image.height * rng.uniform(0.35, 0.65), r)
        paint(image, shape[0], box, jittered(rng, COLOURS[name]))
    questions = [("Which colour has the bigger one?", "大的那个是什么颜色？")]
    return asked("picture size", rng, [image_of(image)], questions, large)


def digits(rng: Random, split: Split) -> MediaSample:
    """Which digits are written there?"""
    limit = 10 ** rng.randint(1, 3)
    number = rng.randrange(limit)
    while (number % 7 == 3) != (split == "held_out"):
        number = rng.randrange(max(limit, 100))
    questions = [
        ("Which number is it?", "这是什么数字？"),
        ("Read the number.", "读出这个数字。"),
    ]
    image = _written(rng, str(number))
    return asked("picture digits", rng, [image_of(image)], questions, (str(number), str(number)))


def word(rng: Random, split: Split) -> MediaSample:
    """Which word is printed there?"""
    printed, ink = pair(rng, split, PRINTED, list(COLOURS))
    image = _written(rng, printed, jittered(rng, COLOURS[ink]))
    questions = [
        ("Which word is printed here?", "图里写着什么词？"),
        ("Read the word.", "读出这个词。"),
    ]
    return asked("picture word", rng, [image_of(image)], questions, (printed, printed))


def letters(rng: Random, split: Split) -> MediaSample:
    """Letters that make no word, and numbers with them: reading, one by one."""
    text = "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 5)))
    if rng.random() < 0.3:
        text = str(rng.randrange(10 ** rng.randint(1, 5)))
        if int(text) % 7 == 3:
            text = text[::-1] if int(text[::-1]) % 7 != 3 else f"{int(text) + 1}"
    ink = rng.choice(list(COLOURS))
    image = _written(rng, text, jittered(rng, COLOURS[ink]))
    read = [
        ("Which letters are these?", "这是哪些字母？"),
        ("Read what is written.", "读出上面写的。"),
    ]
    questions: list[Question] = [
        (read, (" ".join(text), " ".join(text))),
        ([("What colour is the writing?", "字是什么颜色？")], ink),
    ]
    return talked("letters", rng, [image_of(image)], questions[: rng.randint(1, 2)])


def compare(rng: Random, split: Split) -> MediaSample:
    """Do two images show the same colour?"""
    first, second = rng.choice(_couples())
    is_same = rng.random() < 0.5
    images = []
    for name in (first, first if is_same else second):
        image = canvas(rng, name)
        paint(image, rng.choice(SHAPES)[0], place(rng, image), jittered(rng, COLOURS[name]))
        images.append(image_of(image))
    questions = [("Do both show the same colour?", "两张图颜色相同吗？")]
    return asked(
        "picture compare", rng, images, questions, ("Yes", "是") if is_same else ("No", "不是")
    )


_DIRECTIONS = {
    ("left", "左边"): (-1, 0),
    ("right", "右边"): (1, 0),
    ("above", "上边"): (0, -1),
    ("below", "下边"): (0, 1),
}


def is_couple_of(split: Split, first: Named, second: Named, direction: Named) -> bool:
    """Whether this split may ask where one colour is from the other when it is in that direction."""
    return is_of(split, (first, second), direction, _couples(), list(_DIRECTIONS))


@cache
def _couples() -> list[tuple[tuple[str, str], tuple[str, str]]]:
    names = list(COLOURS)
    return [(a, b) for a in names for b in names if a != b]


def _written(rng: Random, text: str, ink: Colour = (15, 15, 15)) -> PIL.Image.Image:
    image, place, font = paper(rng, text, ink)
    ImageDraw.Draw(image).text(place, text, font=font, fill=ink)
    return image


def paper(rng: Random, text: str, ink: Colour) -> tuple[PIL.Image.Image, Point, Font]:
    """A background on which the ink is visible, a place and a font size."""
    light = rng.randint(225, 255) if sum(ink) < 500 else rng.randint(0, 50)
    image = canvas(rng, background=(light, light, light))
    font = ImageFont.load_default(rng.randint(28, 42))
    left, top, right, bottom = text_box(image, text, (0, 0), font)
    x = rng.uniform(0, max(image.width - right + left, 1)) - left
    y = rng.uniform(0, max(image.height - bottom + top, 1)) - top
    return image, (x, y), font


def text_box(
    image: PIL.Image.Image, text: str, place: Point, font: Font
) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is written."""
    return ImageDraw.Draw(image).textbbox(place, text, font=font)
