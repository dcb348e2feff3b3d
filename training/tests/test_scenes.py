"""Places of things in images, and held-out pairs."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from palaver_training.multimodal import scenes
from palaver_training.multimodal.images import is_couple_of
from palaver_training.multimodal.scenes import Thing
from palaver_training.multimodal.skills import MEDIA_SKILLS
from palaver_training.multimodal.words import COLOURS, SHAPES, is_of

RED, GREEN, BLUE, *_ = COLOURS
CIRCLE, SQUARE, TRIANGLE, STAR = SHAPES


def dialogues(name: str, num: int) -> list[tuple[str, str]]:
    """Questions of a skill in training with their answers, out of many images."""
    found = []
    for seed in range(num):
        messages = MEDIA_SKILLS[name].draw(Random(seed), "train").sample.messages
        for question, answer in zip(messages[::2], messages[1::2], strict=True):
            content = question["content"]
            parts = [content] if isinstance(content, str) else [p.get("text") for p in content]
            found.append((next(filter(None, parts)), answer["content"]))
    return found


@pytest.mark.parametrize("name", ["picture where", "part", "scene"])
def test_training_never_asks_held_out_pairs_of_colours(
    name: str,
) -> None:
    colours, num = {en: (en, zh) for en, zh in COLOURS}, 0
    directions = {"left": "左边", "right": "右边", "above": "上边", "below": "下边"}
    for question, answer in dialogues(name, 1000):
        if match := re.fullmatch(r"Where is the (\w+) one, seen from the (\w+) one\?", question):
            first, second = (colours[word] for word in match.groups())
            assert is_couple_of("train", first, second, (answer, directions[answer]))
            num += 1
    assert num > 5


def test_objects_are_where_they_are_drawn() -> None:
    things = [
        Thing(CIRCLE, RED, 0.15, 0.5, 0.1),
        Thing(SQUARE, BLUE, 0.85, 0.52, 0.1),
        Thing(STAR, GREEN, 0.5, 0.15, 0.1),
    ]
    places = {"red one": 0, "circle": 0, "blue one": 1, "square": 1, "green one": 2, "star": 2}
    told = {(0, 1): "left", (1, 0): "right"}
    assert [thing.part[0] for thing in things] == ["left", "right", "top"]
    asked = set()
    for seed in range(200):
        if found := scenes._where(Random(seed), things, "train"):
            ((wording, _),), (answer, _) = found
            match = re.fullmatch(r"Where is the (.+), seen from the (.+)\?", wording)
            assert match
            couple = places[match[1]], places[match[2]]
            assert told[couple] == answer, "no other two are clearly beside or above each other"
            asked.add(wording)
    assert len(asked) > 5


def test_ambiguous_objects_are_not_asked_for() -> None:
    same = [Thing(CIRCLE, RED, 0.2, 0.5, 0.1), Thing(CIRCLE, RED, 0.8, 0.5, 0.1)]
    assert all(scenes._where(Random(seed), same, "train") is None for seed in range(50))


@pytest.mark.parametrize("name", ["mixed json", "mixed call"])
def test_training_shows_no_held_out_pair_of_shape_and_colour(name: str) -> None:
    num_apart = 0
    for seed in range(300):
        drawn = MEDIA_SKILLS[name].draw(Random(seed), "train")
        answer = drawn.sample.messages[-1]
        calls = answer.get("tool_calls")
        seen = calls[0]["function"]["arguments"] if calls else json.loads(answer["content"])
        shape = next(shape for shape in SHAPES if shape[0] == seen["shape"])
        colour = next(colour for colour in COLOURS if colour[0] == seen["colour"])
        if len(drawn.media) == 1:
            assert is_of("train", shape, colour, SHAPES, list(COLOURS))
        else:
            num_apart += 1
    assert num_apart > 50
    assert all(len(MEDIA_SKILLS[name].draw(Random(n), "held_out").media) == 1 for n in range(20))
