"""Names of what media show, in English and Chinese, and which pairs are held out."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from random import Random
from typing import TypeVar

from palaver_training.sample import Split

T = TypeVar("T")
U = TypeVar("U")

COLOURS = {
    ("red", "红色"): (220, 40, 40),
    ("green", "绿色"): (40, 170, 60),
    ("blue", "蓝色"): (50, 80, 220),
    ("yellow", "黄色"): (240, 215, 40),
    ("orange", "橙色"): (245, 140, 30),
    ("purple", "紫色"): (140, 60, 180),
    ("pink", "粉色"): (250, 150, 190),
    ("brown", "棕色"): (130, 80, 40),
    ("black", "黑色"): (20, 20, 20),
    ("white", "白色"): (250, 250, 250),
}
SHAPES = [("circle", "圆形"), ("square", "正方形"), ("triangle", "三角形"), ("star", "星形")]
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
NUMBERS_ZH = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"]
PRINTED = [
    "SUN",
    "CAT",
    "DOG",
    "TEA",
    "BUS",
    "MAP",
    "BOX",
    "CUP",
    "KEY",
    "HAT",
    "PEN",
    "RED",
    "SEA",
    "ICE",
    "OWL",
    "FOX",
    "BEE",
    "ANT",
    "JAM",
    "NUT",
]
SPOKEN = [
    ("yes", "是"), ("no", "不"), ("stop", "停"), ("go", "走"), ("left", "左"), ("right", "右"),
    ("red", "红色"), ("green", "绿色"), ("blue", "蓝色"), ("yellow", "黄色"), ("hello", "你好"),
]  # fmt: skip

_RESERVED_PERCENT = 15


def pair(rng: Random, split: Split, first: list[T], second: list[U]) -> tuple[T, U]:
    """Two things that this split may combine; training never combines held-out pairs."""
    return rng.choice(_pairs(split, tuple(first), tuple(second)))


def is_of(split: Split, one: T, other: U, first: list[T], second: list[U]) -> bool:
    """Whether this split may combine these two of all things."""
    return (one, other) in _pairs(split, tuple(first), tuple(second))


@cache
def _pairs(split: Split, first: tuple[T, ...], second: tuple[U, ...]) -> list[tuple[T, U]]:
    pairs = [(a, b) for a in first for b in second]
    pairs.sort(key=lambda found: blake2b(repr(found).encode()).digest())
    num_reserved = max(len(pairs) * _RESERVED_PERCENT // 100, 1)
    return pairs[:num_reserved] if split == "held_out" else pairs[num_reserved:]


def jittered(rng: Random, colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """The colour, a little lighter or darker in each part."""
    red, green, blue = (min(max(part + rng.randint(-18, 18), 0), 255) for part in colour)
    return red, green, blue
