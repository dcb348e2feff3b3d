"""Images of several things, with several questions about each: the basis of the other skills."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from palaver_training.multimodal.images import Box, Named, canvas, image_of, is_couple_of, paint
from palaver_training.multimodal.sample import MediaSample, Question, talked
from palaver_training.multimodal.words import COLOURS, SHAPES, is_of, jittered
from palaver_training.sample import Split

Trait: TypeAlias = Literal["shape", "colour"]

_TRAITS: tuple[Trait, ...] = ("shape", "colour")
_SIDE_SHARE = 1 / 3
_PARTS = (
    (("top left", "左上"), ("top", "上面"), ("top right", "右上")),
    (("left", "左边"), ("middle", "中间"), ("right", "右边")),
    (("bottom left", "左下"), ("bottom", "下面"), ("bottom right", "右下")),
)
_PLURAL = {"circle": "circles", "square": "squares", "triangle": "triangles", "star": "stars"}


@dataclass(frozen=True, slots=True)
class Thing:
    """One of the things in an image; its place is a share of the image's width and height."""

    shape: Named
    colour: Named
    x: float
    y: float
    radius: float

    @property
    def name(self) -> tuple[str, str]:
        """``red circle``."""
        return f"{self.colour[0]} {self.shape[0]}", f"{self.colour[1]}{self.shape[1]}"

    @property
    def part(self) -> tuple[str, str]:
        """The part of the image that it is in, one of nine."""
        return _PARTS[int(self.y * 3)][int(self.x * 3)]

    def box(self, size: tuple[int, int]) -> Box:
        """Its place in an image of this size, in pixels."""
        return self.x * size[0], self.y * size[1], self.radius * min(size)


def scene(rng: Random, split: Split) -> MediaSample:
    """Up to six things, and two to four questions about them."""
    things = things_of(rng, split)
    image = canvas(rng, *{thing.colour for thing in things})
    for thing in things:
        paint(image, thing.shape[0], thing.box(image.size), jittered(rng, COLOURS[thing.colour]))
    asks = [_all, _part, _colour, _shape, _count, _count_of, _where, _is_there, _biggest]
    questions = [found for ask in rng.sample(asks, len(asks)) if (found := ask(rng, things, split))]
    return talked("scene", rng, [image_of(image)], questions[: rng.randint(2, 4)])


def things_of(rng: Random, split: Split) -> list[Thing]:
    """One to six things in reading order, of shapes and colours that the split may bring together."""
    cells = [(column, row) for row in range(3) for column in range(3)]
    num = rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6))
    pairs = [(shape, name) for shape in SHAPES for name in COLOURS]
    pairs = [both for both in pairs if is_of(split, *both, SHAPES, list(COLOURS))]
    things = []
    for column, row in sorted(rng.sample(cells, num), key=lambda cell: (cell[1], cell[0])):
        shape, name = rng.choice(pairs)
        x, y = ((place + rng.uniform(0.42, 0.58)) * _SIDE_SHARE for place in (column, row))
        radius = rng.uniform(0.06, 0.14 if num > 1 else 0.5)
        x, y = (min(max(place, radius), 1 - radius) for place in (x, y))
        things.append(Thing(shape, name, x, y, radius))
    return things


def _all(rng: Random, things: list[Thing], split: Split) -> Question:
    en = ", ".join(f"a {thing.name[0]}".replace("a orange", "an orange") for thing in things)
    zh = "，".join(thing.name[1] for thing in things)
    return [
        ("What do you see?", "你看到什么？"),
        ("Describe the picture.", "描述这张图。"),
        ("What is in the picture?", "图里有什么？"),
    ], (en[0].upper() + en[1:] + ".", zh + "。")


def _alone(things: list[Thing], trait: Trait) -> list[Thing]:
    """Those whose shape or colour no other thing has."""
    values = [getattr(thing, trait) for thing in things]
    return [thing for thing, value in zip(things, values, strict=True) if values.count(value) == 1]


def _colour(rng: Random, things: list[Thing], split: Split) -> Question | None:
    alone = _alone(things, "shape")
    if not alone:
        return None
    thing = rng.choice(alone)
    return [
        (f"What colour is the {thing.shape[0]}?", f"这个{thing.shape[1]}是什么颜色？"),
        (f"Which colour has the {thing.shape[0]}?", f"{thing.shape[1]}是什么颜色？"),
    ], thing.colour


def _shape(rng: Random, things: list[Thing], split: Split) -> Question | None:
    alone = _alone(things, "colour")
    if not alone:
        return None
    thing = rng.choice(alone)
    return [
        (f"What shape is the {thing.colour[0]} one?", f"{thing.colour[1]}的是什么形状？"),
        (f"Which shape is {thing.colour[0]}?", f"什么形状是{thing.colour[1]}的？"),
    ], thing.shape


def _count(rng: Random, things: list[Thing], split: Split) -> Question:
    num = str(len(things))
    return [("How many shapes are there?", "有多少个形状？"), ("Count them.", "数一数有几个。")], (
        num,
        num,
    )


def _count_of(rng: Random, things: list[Thing], split: Split) -> Question:
    thing = rng.choice(things)
    if rng.random() < 0.5:
        num = sum(other.shape == thing.shape for other in things)
        asked = f"How many {_PLURAL[thing.shape[0]]} are there?", f"有几个{thing.shape[1]}？"
    else:
        num = sum(other.colour == thing.colour for other in things)
        asked = f"How many {thing.colour[0]} ones are there?", f"有几个{thing.colour[1]}的？"
    return [asked], (str(num), str(num))


def _where(rng: Random, things: list[Thing], split: Split) -> Question | None:
    """The direction of one thing from another, each named by its colour or its shape."""
    traits: list[Trait] = [rng.choice(_TRAITS), rng.choice(_TRAITS)]
    alone = [_alone(things, trait) for trait in traits]
    if not all(alone):
        return None
    first, second = (rng.choice(found) for found in alone)
    dx, dy = first.x - second.x, first.y - second.y
    if min(abs(dx), abs(dy)) > 0.4 * max(abs(dx), abs(dy)) or first is second:
        return None
    if abs(dx) > abs(dy):
        direction = ("right", "右边") if dx > 0 else ("left", "左边")
    else:
        direction = ("below", "下边") if dy > 0 else ("above", "上边")
    are_colours = traits == ["colour", "colour"]
    if are_colours and not is_couple_of(split, first.colour, second.colour, direction):
        return None
    (en, zh), (other, other_zh) = (
        thing.shape if trait == "shape" else (f"{thing.colour[0]} one", f"{thing.colour[1]}的")
        for thing, trait in zip((first, second), traits, strict=True)
    )
    wording = (
        f"Where is the {en}, seen from the {other}?",
        f"{zh}在{other_zh}的哪一边？".replace("的的", "的"),
    )
    return [wording], direction


def part(rng: Random, split: Split) -> MediaSample:
    """In which parts of the image are its one to three things, and in which direction from each other?"""
    things = [thing for thing in things_of(rng, split) if rng.random() < 0.8][:3]
    things = _alone(things, "colour") or things[:1] or things_of(rng, split)[:1]
    image = canvas(rng, *{thing.colour for thing in things})
    for thing in things:
        paint(image, thing.shape[0], thing.box(image.size), jittered(rng, COLOURS[thing.colour]))
    questions = [_part_of(thing) for thing in things]
    questions += filter(None, (_where(rng, things, split) for _ in range(4)))
    if len(things) == 1:
        shape, shape_zh = things[0].shape
        wordings = [
            ("Where is it?", "它在哪里？"),
            (f"Where is the {shape}?", f"{shape_zh}在哪里？"),
        ]
        questions = [(wordings, things[0].part)]
    return talked("part", rng, [image_of(image)], rng.sample(questions, min(len(questions), 4)))


def _part_of(thing: Thing) -> Question:
    wording = f"Where is the {thing.colour[0]} one?", f"{thing.colour[1]}的在哪里？"
    return [wording], thing.part


def _part(rng: Random, things: list[Thing], split: Split) -> Question | None:
    alone = _alone(things, "colour")
    if not alone:
        return None
    return _part_of(rng.choice(alone))


def _is_there(rng: Random, things: list[Thing], split: Split) -> Question:
    thing = rng.choice(things)
    colour = thing.colour if rng.random() < 0.6 else rng.choice(list(COLOURS))
    shape = thing.shape if rng.random() < 0.6 else rng.choice(SHAPES)
    is_right = any((other.shape, other.colour) == (shape, colour) for other in things)
    article = "an" if colour[0] == "orange" else "a"
    asked = f"Is there {article} {colour[0]} {shape[0]}?", f"有{colour[1]}{shape[1]}吗？"
    return [asked], ("Yes", "是") if is_right else ("No", "不是")


def _biggest(rng: Random, things: list[Thing], split: Split) -> Question | None:
    ordered = sorted(things, key=lambda thing: thing.radius)
    if len(things) < 3 or ordered[-1].radius < 1.3 * ordered[-2].radius:
        return None
    return [("Which colour has the biggest one?", "最大的是什么颜色？")], ordered[-1].colour
