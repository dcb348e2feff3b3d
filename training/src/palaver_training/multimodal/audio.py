"""Audio: beeps counted, high or low, rising or falling, telephone digits, spoken words."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palaver_training.multimodal import speech
from palaver_training.multimodal.media import SAMPLE_RATE_HZ, Audio
from palaver_training.multimodal.sample import MediaSample, Question, asked, talked
from palaver_training.multimodal.words import NUMBERS, NUMBERS_ZH, SPOKEN
from palaver_training.sample import Split

Samples = NDArray[np.float32]

_LOW_HZ = (697, 770, 852, 941)
_HIGH_HZ = (1209, 1336, 1477)
_KEYS = "123456789*0#"
_TO_LEARN = slice(0, 6)
"""Voices used in training; the others are held out."""
_FRAMES = (("It is {}.", "是{}。"), ("The number is {}.", "数字是{}。"), ("{}.", "{}。"))


def count(rng: Random, split: Split) -> MediaSample:
    """How many beeps?"""
    num = rng.randint(1, 5)
    hz = rng.uniform(400, 1500) if split == "train" else rng.uniform(1500, 1800)
    beep = tone(rng, hz, 0.12)
    parts = [part for _ in range(num) for part in (beep, silence(rng.uniform(0.12, 0.22)))]
    questions = [
        ("How many beeps do you hear?", "你听到几声？"),
        ("Count the beeps.", "数一数有几声。"),
    ]
    return asked("sound count", rng, [audio_of(rng, parts)], questions, (str(num), str(num)))


def pitch(rng: Random, split: Split) -> MediaSample:
    """High or low?"""
    is_high = rng.random() < 0.5
    hz = rng.uniform(1400, 2600) if is_high else rng.uniform(150, 450)
    parts = [tone(rng, hz, rng.uniform(0.5, 0.9))]
    questions = [("Is the tone high or low?", "这个声音高还是低？")]
    return asked(
        "sound pitch",
        rng,
        [audio_of(rng, parts)],
        questions,
        ("high", "高") if is_high else ("low", "低"),
    )


def glide(rng: Random, split: Split) -> MediaSample:
    """Rising or falling?"""
    is_rising = rng.random() < 0.5
    low, high = rng.uniform(250, 500), rng.uniform(900, 1800)
    begin, end = (low, high) if is_rising else (high, low)
    parts = [sweep(rng, begin, end, rng.uniform(0.6, 1.0))]
    questions = [("Does the tone rise or fall?", "声音上升还是下降？")]
    answer = ("rises", "上升") if is_rising else ("falls", "下降")
    return asked("sound glide", rng, [audio_of(rng, parts)], questions, answer)


def telephone(rng: Random, split: Split) -> MediaSample:
    """Which keys were pressed?"""
    keys = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 4)))
    while (sum(map(int, keys)) % 6 == 1) != (split == "held_out"):
        keys = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 4)))
    parts = [part for key in keys for part in (_key(rng, key), silence(0.08))]
    questions = [("Which telephone keys are these?", "按了哪些电话键？")]
    return asked("sound telephone", rng, [audio_of(rng, parts)], questions, (keys, keys))


def spoken_digit(rng: Random, split: Split) -> MediaSample:
    """Which digit is said?"""
    value = rng.randrange(10)
    language = rng.randrange(2)
    said = (NUMBERS, NUMBERS_ZH)[language][value]
    if rng.random() < 0.2:
        said = rng.choice(_FRAMES)[language].format(said)
    part = spoken(rng, split, said, language)
    questions = [("Which number is said?", "说的是哪个数字？")]
    return asked("sound digit", rng, [audio_of(rng, [part])], questions, (str(value), str(value)))


def spoken_word(rng: Random, split: Split) -> MediaSample:
    """Which word is said?"""
    word = rng.choice(SPOKEN)
    language = rng.randrange(2)
    part = spoken(rng, split, word[language], language)
    questions = [("Which word is said?", "说的是哪个词？")]
    return asked("sound word", rng, [audio_of(rng, [part])], questions, word)


def spoken_digits(rng: Random, split: Split) -> MediaSample:
    """Which digits are said, one after another?"""
    values = [rng.randrange(10) for _ in range(rng.randint(2, 5))]
    language, parts = rng.randrange(2), []
    voice = voice_of(rng, split, language)
    for value in values:
        said = speech.said((NUMBERS, NUMBERS_ZH)[language][value], **voice)
        parts += [said, silence(rng.uniform(0, 0.2))]
    answer = " ".join(map(str, values))
    questions = [("Which numbers are said?", "说的是哪些数字？")]
    return asked("sound digits", rng, [audio_of(rng, parts)], questions, (answer, answer))


def spoken_words(rng: Random, split: Split) -> MediaSample:
    """Which words are said, one after another?"""
    language = rng.randrange(2)
    words, parts, voice = (
        rng.choices(SPOKEN, k=rng.randint(2, 4)),
        [],
        voice_of(rng, split, language),
    )
    for word in words:
        said = speech.said(word[language], **voice)
        parts += [said, silence(rng.uniform(0, 0.2))]
    answer = ", ".join(word[0] for word in words), "，".join(word[1] for word in words)
    questions = [("Which words are said?", "说的是哪些词？")]
    return asked("sound words", rng, [audio_of(rng, parts)], questions, answer)


def melody(rng: Random, split: Split) -> MediaSample:
    """Beeps, each high or low."""
    are_high = [rng.random() < 0.5 for _ in range(rng.randint(2, 5))]
    parts = []
    for is_high in are_high:
        hz = rng.uniform(1400, 2600) if is_high else rng.uniform(150, 450)
        parts += [tone(rng, hz, rng.uniform(0.12, 0.25)), silence(rng.uniform(0.1, 0.2))]
    num = str(len(are_high))
    heights = (
        ", ".join("high" if is_high else "low" for is_high in are_high),
        "，".join("高" if is_high else "低" for is_high in are_high),
    )
    questions: list[Question] = [
        ([("Is each tone high or low?", "每个声音高还是低？")], heights),
        ([("How many tones do you hear?", "你听到几声？")], (num, num)),
    ]
    rng.shuffle(questions)
    return talked("melody", rng, [audio_of(rng, parts)], questions)


def spoken(rng: Random, split: Split, text: str, language: int) -> Samples:
    """Text said by some voice of this split, in English (0) or Chinese (1)."""
    said = speech.said(text, **voice_of(rng, split, language))
    return np.concatenate([said, silence(rng.choice((0.25, rng.uniform(0, 0.4))))])


def audio_of(rng: Random, parts: list[Samples]) -> Audio:
    """The audio of the parts one after another, mostly with a little noise."""
    before = rng.choice((0, rng.uniform(0.0, 0.15)))
    samples = np.concatenate([silence(before), *parts])
    noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(len(samples))
    level = rng.choice((0, 0, rng.uniform(0.0002, 0.01)))
    loud = rng.uniform(0.3, 1.0) * samples + level * noise
    return Audio(loud.astype(np.float32).clip(-1, 1))


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


def voice_of(rng: Random, split: Split, language: int) -> dict[str, Any]:
    """How :func:`palaver_training.multimodal.speech.said` is to say English (0) or Chinese (1)."""
    voices = list(range(len(speech.VARIANTS)))
    kept = voices[_TO_LEARN] if split == "train" else voices[_TO_LEARN.stop :]
    if split == "train" and rng.random() < 0.5:
        kept = kept[: speech.NUM_SERVED]
    return {
        "language": rng.choice(("en-us", "en-us", "en")) if language == 0 else "cmn",
        "variant": rng.choice(kept),
        "words_per_minute": rng.choice((170, rng.randint(120, 210))),
        "pitch": rng.choice((30, 45, 50, 65, rng.randint(25, 70))),
    }
