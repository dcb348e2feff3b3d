"""Conversations with images, video and audio, made from seeds, the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SAMPLE_RATE_HZ = 16_000
FRAMES_PER_S = 2.0


@dataclass(frozen=True)
class Case:
    """One conversation.

    Attributes:
        name: Of the case.
        parts: The user's message: texts, and ``image``, ``video`` or ``audio`` for media.
        earlier: Role and parts of each message before it.
        images: Width, height and seed of each.
        videos: Number of frames, width, height and seed of each; two frames a second.
        clips: Seconds and frequency of each.
    """

    name: str
    parts: tuple[str, ...]
    images: tuple[tuple[int, int, int], ...] = ()
    videos: tuple[tuple[int, int, int, int], ...] = ()
    clips: tuple[tuple[float, float], ...] = ()
    earlier: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation as chat templates read it."""
        return [
            {"role": role, "content": [_part(part) for part in parts]}
            for role, parts in (*self.earlier, ("user", self.parts))
        ]

    @property
    def media(self) -> list[str]:
        """The kinds of its media, in order."""
        messages = (*(parts for _, parts in self.earlier), self.parts)
        return [part for parts in messages for part in parts if part in ("image", "video", "audio")]


CASES = (
    Case("text", ("What is the first sound?",)),
    Case("image", ("image", "What is in the picture?"), images=((128, 96, 1),)),
    Case("resized image", ("What is it?", "image"), images=((150, 100, 1),)),
    Case(
        "two images",
        ("First:", "image", " second:", "image", "Compare."),
        images=((128, 96, 2), (64, 128, 3)),
    ),
    Case("video", ("video", "What happens?"), videos=((8, 96, 64, 10),)),
    Case("odd video", ("And", "video", "?"), videos=((5, 64, 64, 20),)),
    Case(
        "image and video",
        ("image", "and", "video", "differ how?"),
        images=((128, 96, 1),),
        videos=((6, 96, 64, 30),),
    ),
    Case("short audio", ("audio", "What sound?"), clips=((0.9, 440),)),
    Case("long audio", ("audio", "What sound?"), clips=((2.73, 660),)),
    Case("two recordings", ("audio", "and", "audio", "same?"), clips=((0.5, 440), (0.97, 880))),
    Case(
        "image and audio",
        ("image", "audio", "Do they match?"),
        images=((128, 96, 1),),
        clips=((0.8, 300),),
    ),
)

SPOKEN = (
    Case("text", ("Say hello",)),
    CASES[1],
    CASES[4],
    CASES[8],
    Case(
        "conversation",
        ("Compare", "video", "image", "and", "audio", "?"),
        images=((150, 100, 4), (64, 64, 5)),
        videos=((4, 96, 64, 40),),
        clips=((1.2, 350),),
        earlier=(
            ("system", ("You see the picture and the sound.",)),
            ("user", ("What is in the picture?", "image")),
            ("assistant", ("The same.",)),
        ),
    ),
)
"""Cases whose answers are spoken."""


def image(width: int, height: int, seed: int) -> Image.Image:
    """Rectangles of random colours."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[:] = rng.integers(0, 255, 3)
    for _ in range(6):
        x, y = rng.integers(0, width - 10), rng.integers(0, height - 10)
        w, h = rng.integers(5, width // 2), rng.integers(5, height // 2)
        pixels[y : y + h, x : x + w] = rng.integers(0, 255, 3)
    return Image.fromarray(pixels)


def video(num_frames: int, width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """Frames that differ much from each other."""
    return np.stack([np.asarray(image(width, height, seed + i)) for i in range(num_frames)])


def audio(seconds: float, frequency_hz: float) -> NDArray[np.float32]:
    """A tone that rises, with some noise."""
    times = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    noise = np.random.default_rng(int(frequency_hz)).standard_normal(times.size)
    tone = 0.3 * np.sin(2 * np.pi * frequency_hz * times * (1 + 0.2 * times))
    return (tone + 0.02 * noise).astype(np.float32)


def _part(part: str) -> dict[str, Any]:
    return {"type": part} if part in ("image", "video", "audio") else {"type": "text", "text": part}
