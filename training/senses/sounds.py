"""Sound: beeps counted, high or low, rising or falling, telephone digits, spoken words."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from palaver.senses.media import SAMPLE_RATE_HZ, Sound
from training.sample import Split
from training.senses import speech
from training.senses.sample import Perception, asked
from training.senses.words import NUMBERS, NUMBERS_ZH, SPOKEN

Samples = NDArray[np.float32]

_LOW_HZ = (697, 770, 852, 941)
_HIGH_HZ = (1209, 1336, 1477)
_KEYS = "123456789*0#"
_TO_LEARN = slice(0, 5)
"""Voices that training hears; the others are kept for the examination."""


def count(rng: Random, split: Split) -> Perception:
    """How many beeps?"""
    num = rng.randint(1, 5)
    hz = rng.uniform(400, 1500) if split == "train" else rng.uniform(1500, 1800)
    beep = tone(rng, hz, 0.12)
    parts = [part for _ in range(num) for part in (beep, silence(rng.uniform(0.12, 0.22)))]
    questions = [
        ("How many beeps do you hear?", "你听到几声？"),
        ("Count the beeps.", "数一数有几声。"),
    ]
    return asked("sound count", rng, [heard(rng, parts)], questions, (str(num), str(num)))


def pitch(rng: Random, split: Split) -> Perception:
    """High or low?"""
    is_high = rng.random() < 0.5
    hz = rng.uniform(1400, 2600) if is_high else rng.uniform(150, 450)
    parts = [tone(rng, hz, rng.uniform(0.5, 0.9))]
    questions = [("Is the tone high or low?", "这个声音高还是低？")]
    return asked(
        "sound pitch",
        rng,
        [heard(rng, parts)],
        questions,
        ("high", "高") if is_high else ("low", "低"),
    )


def glide(rng: Random, split: Split) -> Perception:
    """Rising or falling?"""
    is_rising = rng.random() < 0.5
    low, high = rng.uniform(250, 500), rng.uniform(900, 1800)
    begin, end = (low, high) if is_rising else (high, low)
    parts = [sweep(rng, begin, end, rng.uniform(0.6, 1.0))]
    questions = [("Does the tone rise or fall?", "声音上升还是下降？")]
    answer = ("rises", "上升") if is_rising else ("falls", "下降")
    return asked("sound glide", rng, [heard(rng, parts)], questions, answer)


def telephone(rng: Random, split: Split) -> Perception:
    """Which keys were pressed?"""
    keys = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 4)))
    while (sum(map(int, keys)) % 6 == 1) != (split == "held_out"):
        keys = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 4)))
    parts = [part for key in keys for part in (_key(rng, key), silence(0.08))]
    questions = [("Which telephone keys are these?", "按了哪些电话键？")]
    return asked("sound telephone", rng, [heard(rng, parts)], questions, (keys, keys))


def spoken_digit(rng: Random, split: Split) -> Perception:
    """Which digit is said?"""
    value = rng.randrange(10)
    language = rng.randrange(2)
    said = (NUMBERS, NUMBERS_ZH)[language][value]
    part = speech.said(said, ("en", "cmn")[language], **_voice(rng, split))
    questions = [("Which number is said?", "说的是哪个数字？")]
    return asked("sound digit", rng, [heard(rng, [part])], questions, (str(value), str(value)))


def spoken_word(rng: Random, split: Split) -> Perception:
    """Which word is said?"""
    word = rng.choice(SPOKEN)
    language = rng.randrange(2)
    part = speech.said(word[language], ("en", "cmn")[language], **_voice(rng, split))
    questions = [("Which word is said?", "说的是哪个词？")]
    return asked("sound word", rng, [heard(rng, [part])], questions, word)


def heard(rng: Random, parts: list[Samples]) -> Sound:
    """The parts one after another, with a little noise, as the model gets to hear them.

    At least a second: shorter sounds would be encoded a little differently in a batch than alone.
    """
    samples = np.concatenate([silence(rng.uniform(0.02, 0.15)), *parts])
    samples = np.pad(samples, (0, max(SAMPLE_RATE_HZ - len(samples), 0)))
    noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(len(samples))
    loud = rng.uniform(0.3, 1.0) * samples + rng.uniform(0.0005, 0.01) * noise
    return Sound(loud.astype(np.float32).clip(-1, 1))


def tone(rng: Random, hz: float, seconds: float) -> Samples:
    """A tone that begins and ends softly."""
    return sweep(rng, hz, hz, seconds)


def sweep(rng: Random, begin_hz: float, end_hz: float, seconds: float) -> Samples:
    """A tone whose pitch goes from one to another."""
    num = int(seconds * SAMPLE_RATE_HZ)
    hz = np.linspace(begin_hz, end_hz, num)
    wave = np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ + rng.uniform(0, 6))
    ramp = np.minimum(np.arange(num), np.arange(num)[::-1]) / 160
    return (0.6 * wave * np.minimum(ramp, 1)).astype(np.float32)


def silence(seconds: float) -> Samples:
    """Nothing."""
    return np.zeros(int(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def _key(rng: Random, key: str) -> Samples:
    row, column = divmod(_KEYS.index(key), 3)
    both = tone(rng, _LOW_HZ[row], 0.14) + tone(rng, _HIGH_HZ[column], 0.14)
    return both / np.float32(2)


def _voice(rng: Random, split: Split) -> dict[str, int]:
    voices = list(range(len(speech.VARIANTS)))
    kept = voices[_TO_LEARN] if split == "train" else voices[_TO_LEARN.stop :]
    return {"variant": rng.choice(kept), "words_per_minute": rng.randint(120, 210)}
