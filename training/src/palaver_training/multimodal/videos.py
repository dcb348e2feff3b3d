"""Video: directions, changes of colour, order and counts."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image

from palaver_training.multimodal.images import Box, Colour, behind, paint
from palaver_training.multimodal.media import Video
from palaver_training.multimodal.sample import MediaSample, asked
from palaver_training.multimodal.words import COLOURS, SHAPES, jittered, pair
from palaver_training.sample import Split

NUM_FRAMES = 6
INTERVAL_S = 0.5
_SIDE = 96

_WAYS = {
    ("to the right", "向右"): (1, 0),
    ("to the left", "向左"): (-1, 0),
    ("down", "向下"): (0, 1),
    ("up", "向上"): (0, -1),
}


def moves(rng: Random, split: Split) -> MediaSample:
    """Which way does it move?"""
    (name, way) = pair(rng, split, list(COLOURS), list(_WAYS))
    dx, dy = _WAYS[way]
    shape, r, ink = rng.choice(SHAPES)[0], rng.uniform(9, 15), jittered(rng, COLOURS[name])
    across, ground = rng.uniform(0.3, 0.7), behind(rng, name)
    frames = []
    for i in range(NUM_FRAMES):
        step = (i / (NUM_FRAMES - 1) - 0.5) * 0.62
        x = _SIDE * (0.5 + dx * step if dx else across)
        y = _SIDE * (0.5 + dy * step if dy else across)
        frames.append(_frame((x, y, r), shape, ink, ground))
    questions = [
        ("Which way does it move?", "它往哪个方向移动？"),
        ("Where does it go?", "它去哪里？"),
    ]
    return asked("video moves", rng, [video_of(frames)], questions, way)


def changes(rng: Random, split: Split) -> MediaSample:
    """Which colour does it become?"""
    first, second = pair(rng, split, list(COLOURS), list(COLOURS))
    if first == second:
        return changes(rng, split)
    shape, at = rng.choice(SHAPES)[0], rng.randint(2, NUM_FRAMES - 2)
    box = (_SIDE * rng.uniform(0.35, 0.65), _SIDE * rng.uniform(0.35, 0.65), rng.uniform(13, 24))
    inks = [jittered(rng, COLOURS[name]) for name in (first, second)]
    ground = behind(rng, first, second)
    frames = [_frame(box, shape, inks[i >= at], ground) for i in range(NUM_FRAMES)]
    questions = [
        ("Which colour does it become?", "它变成什么颜色？"),
        (f"It was {first[0]}. What is it now?", f"它原来是{first[1]}，现在呢？"),
    ]
    return asked("video changes", rng, [video_of(frames)], questions, second)


def order(rng: Random, split: Split) -> MediaSample:
    """Which colour comes first, or last?"""
    first, second = pair(rng, split, list(COLOURS), list(COLOURS))
    if first == second:
        return order(rng, split)
    shape, at = rng.choice(SHAPES)[0], NUM_FRAMES // 2
    inks = [jittered(rng, COLOURS[name]) for name in (first, second)]
    frames, ground = [], behind(rng, first, second)
    for i in range(NUM_FRAMES):
        box = (_SIDE * (0.3 if i < at else 0.7), _SIDE * 0.5, 16.0)
        frames.append(_frame(box, shape, inks[i >= at], ground))
    is_first = rng.random() < 0.5
    question = ("Which colour comes first?", "先出现什么颜色？") if is_first else (
        "Which colour comes last?", "最后出现什么颜色？"
    )  # fmt: skip
    return asked("video order", rng, [video_of(frames)], [question], first if is_first else second)


def count(rng: Random, split: Split) -> MediaSample:
    """How many are there at the end?"""
    shape, name = pair(rng, split, SHAPES, list(COLOURS))
    num = rng.randint(1, 4)
    places = rng.sample([(i, j) for i in range(3) for j in range(3)], num)
    ink, ground = jittered(rng, COLOURS[name]), behind(rng, name)
    frames = []
    for i in range(NUM_FRAMES):
        image = Image.new("RGB", (_SIDE, _SIDE), ground)
        for column, row in places[: 1 + i * num // NUM_FRAMES]:
            box = ((column + 0.5) * _SIDE / 3, (row + 0.5) * _SIDE / 3, 10.0)
            paint(image, shape[0], box, ink)
        frames.append(image)
    questions = [("How many are there at the end?", "最后有几个？")]
    return asked("video count", rng, [video_of(frames)], questions, (str(num), str(num)))


def video_of(frames: list[Image.Image]) -> Video:
    """The frames as a video."""
    pixels = np.stack([np.asarray(frame) for frame in frames])
    return Video(pixels, np.arange(len(frames), dtype=np.float64) * INTERVAL_S)


def _frame(box: Box, shape: str, ink: Colour, ground: Colour) -> Image.Image:
    image = Image.new("RGB", (_SIDE, _SIDE), ground)
    paint(image, shape, box, ink)
    return image
