"""Several kinds of media in one question, and content of media in JSON and tool calls."""

from __future__ import annotations

from random import Random

from palaver_training.multimodal import images
from palaver_training.multimodal.audio import audio_of, spoken
from palaver_training.multimodal.images import Named
from palaver_training.multimodal.media import Audio, Image, Media
from palaver_training.multimodal.sample import MediaSample, asked
from palaver_training.multimodal.words import (
    COLOURS,
    NUMBERS,
    NUMBERS_ZH,
    SHAPES,
    SPOKEN,
    jittered,
    pair,
)
from palaver_training.sample import Sample, Split

_APART_SHARE = 0.5
_SAID = [word for word in SPOKEN if word in COLOURS]
_TOOL = {
    "type": "function",
    "function": {
        "name": "report",
        "description": "Report what is in the picture.",
        "parameters": {
            "type": "object",
            "properties": {"colour": {"type": "string"}, "shape": {"type": "string"}},
            "required": ["colour", "shape"],
        },
    },
}
_DIAL = {
    "type": "function",
    "function": {
        "name": "dial",
        "description": "Dial a telephone number.",
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "string"}},
            "required": ["number"],
        },
    },
}


def said_and_seen(rng: Random, split: Split) -> MediaSample:
    """Is the colour that is said the one in the picture?"""
    name, shape = pair(rng, split, _SAID, SHAPES)
    is_same = rng.random() < 0.5
    said = name if is_same else rng.choice([word for word in _SAID if word != name])
    image = images.canvas(rng, name)
    images.paint(image, shape[0], images.place(rng, image), jittered(rng, COLOURS[name]))
    language = rng.randrange(2)
    word = spoken(rng, split, said[language], language)
    media: list[Media] = [images.image_of(image), audio_of(rng, [word])]
    questions = [("Is it the colour that is said?", "声音说的是这个颜色吗？")]
    return asked(
        "mixed colour", rng, media, questions, ("Yes", "是") if is_same else ("No", "不是")
    )


def as_json(rng: Random, split: Split) -> MediaSample:
    """The content of an image, as JSON."""
    shape, name, shown = _seen(rng, split)
    answer = f'{{"colour": "{name[0]}", "shape": "{shape[0]}"}}'
    questions = [
        ("Answer in JSON with colour and shape.", "用 JSON 回答，键为 colour 和 shape。"),
    ]
    if len(shown) > 1:
        questions = [
            (
                "Answer in JSON with the colour of the first picture and the shape of the second.",
                "用 JSON 回答，键为 colour 和 shape：第一张图的颜色，第二张图的形状。",
            )
        ]
    return asked("mixed json", rng, shown, questions, (answer, answer))


def as_call(rng: Random, split: Split) -> MediaSample:
    """The content of an image, as a tool call."""
    shape, name, shown = _seen(rng, split)
    question = "Report what you see."
    if len(shown) > 1:
        question = "Report the colour of the first picture and the shape of the second."
    arguments = {"colour": name[0], "shape": shape[0]}
    call = {"id": "1", "type": "function", "function": {"name": "report", "arguments": arguments}}
    parts = [*({"type": "image"} for _ in shown), {"type": "text", "text": question}]
    messages = (
        {"role": "user", "content": parts},
        {"role": "assistant", "content": "", "tool_calls": [call]},
    )
    return MediaSample(Sample("mixed call", messages, (_TOOL,)), tuple(shown))


def spoken_as_json(rng: Random, split: Split) -> MediaSample:
    """A spoken number, as JSON."""
    value, number = _number(rng, split)
    answer = f'{{"number": {value}}}'
    questions = [
        ("Answer in JSON with the number that is said.", "用 JSON 回答说的数字，键为 number。")
    ]
    return asked("mixed heard json", rng, [number], questions, (answer, answer))


def spoken_as_call(rng: Random, split: Split) -> MediaSample:
    """A spoken number, as a tool call."""
    value, number = _number(rng, split)
    question = {"type": "text", "text": "Dial the number that is said."}
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "dial", "arguments": {"number": str(value)}},
    }
    messages = (
        {"role": "user", "content": [{"type": "audio"}, question]},
        {"role": "assistant", "content": "", "tool_calls": [call]},
    )
    return MediaSample(Sample("mixed heard call", messages, (_DIAL,)), (number,))


def _number(rng: Random, split: Split) -> tuple[int, Audio]:
    value, language = rng.randrange(10), rng.randrange(2)
    said = (NUMBERS, NUMBERS_ZH)[language][value]
    return value, audio_of(rng, [spoken(rng, split, said, language)])


def _seen(rng: Random, split: Split) -> tuple[Named, Named, list[Image]]:
    """A shape, a colour and an image of both; in training also one of each, so that neither tells
    the other.
    """
    shape, name, image = _one(rng, split)
    if split == "held_out" or rng.random() > _APART_SHARE:
        return shape, name, [image]
    shape, _, other = _one(rng, split)
    return shape, name, [image, other]


def _one(rng: Random, split: Split) -> tuple[Named, Named, Image]:
    shape, name = pair(rng, split, SHAPES, list(COLOURS))
    image = images.canvas(rng, name)
    images.paint(image, shape[0], images.place(rng, image), jittered(rng, COLOURS[name]))
    return shape, name, images.image_of(image)
