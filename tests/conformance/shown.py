"""Images, videos and audio with the answers that the built-in model should give.

All are typical for its training data: one large object in a plain colour; one digit, clearly
said.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw

from tests.api.media import data_url
from tests.media import files

GREY = (150, 150, 150)
RED, BLUE, GREEN, YELLOW = (220, 40, 40), (50, 80, 220), (40, 170, 60), (240, 215, 40)
RATE_HZ = 16_000
_FRAME = (96, 96)
_NUM_FRAMES = 6
_SPOKEN = Path(__file__).parent / "spoken"
"""Words that espeak-ng spoke, 16,000 samples a second."""


@dataclass(frozen=True)
class Case:
    """A question about one piece of media.

    Attributes:
        kind: ``image``, ``video`` or ``audio``.
        name: Of the file.
        content: The file.
        question: About it.
        answer: The right one.
        num_tokens: Tokens of its placeholder range in the prompt.
    """

    kind: str
    name: str
    content: bytes
    question: str
    answer: str
    num_tokens: int

    @property
    def by_data(self) -> dict[str, Any]:
        """The part that brings the file itself."""
        form = self.name.rpartition(".")[2]
        return self._part(data_url(self.content, f"{self.kind}/{form}"))

    def by_url(self, host: str) -> dict[str, Any]:
        """The part that says where the file is."""
        return self._part(f"{host}/{self.name}")

    def messages(self, part: dict[str, Any]) -> list[dict[str, Any]]:
        """The conversation."""
        return [{"role": "user", "content": [part, {"type": "text", "text": self.question}]}]

    def _part(self, url: str) -> dict[str, Any]:
        if self.kind == "audio":
            audio = {"data": url.rpartition("base64,")[2], "format": self.name.rpartition(".")[2]}
            return {"type": "input_audio", "input_audio": audio}
        return {"type": f"{self.kind}_url", f"{self.kind}_url": {"url": url}}


def image(shape: str, colour: Any, side: int = 128) -> Image.Image:
    """A large circle or square in the middle."""
    image = Image.new("RGB", (side, side), GREY)
    box = (side // 4, side // 4, side * 3 // 4, side * 3 // 4)
    draw = ImageDraw.Draw(image)
    (draw.ellipse if shape == "circle" else draw.rectangle)(box, fill=colour)
    return image


def moving(dx: int, dy: int, colour: Any = RED) -> list[Image.Image]:
    """A circle that crosses the image."""
    frames = []
    for i in range(_NUM_FRAMES):
        step = (i / (_NUM_FRAMES - 1) - 0.5) * 0.62
        x, y, r = 96 * (0.5 + dx * step), 96 * (0.5 + dy * step), 12
        image = Image.new("RGB", _FRAME, GREY)
        ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), fill=colour)
        frames.append(image)
    return frames


def clip(frames: Sequence[Image.Image]) -> bytes:
    """An mp4 file, two frames a second."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=2, options={"crf": "10"})
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            for packet in stream.encode(
                av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")
            ):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()


def said(name: str, form: str = "wav", codec: str = "pcm_s16le") -> bytes:
    """A recorded word and a short silence."""
    with wave.open(str(_SPOKEN / f"{name}.wav")) as recording:
        word = np.frombuffer(recording.readframes(recording.getnframes()), "<i2")
    samples = np.concatenate([word / 2**15, np.zeros(RATE_HZ // 4)]).astype(np.float32)
    return files.audio(samples, form, codec, rate_hz=RATE_HZ)


def beeps(num: int) -> bytes:
    """Short tones."""
    tone = files.tone(0.12, 800, RATE_HZ)
    ramp = np.minimum(np.arange(len(tone)), np.arange(len(tone))[::-1]) / 160
    one = np.concatenate([tone * np.minimum(ramp, 1), np.zeros(int(0.17 * RATE_HZ))])
    return files.audio(np.tile(one, num).astype(np.float32), rate_hz=RATE_HZ)


IMAGES = (
    Case(
        "image",
        "circle.png",
        files.file_of(image("circle", BLUE)),
        "What colour is the circle?",
        "blue",
        16,
    ),
    Case(
        "image",
        "square.jpeg",
        files.file_of(image("square", GREEN, 160), "JPEG", quality=95),
        "What shape is it?",
        "square",
        25,
    ),
    Case("image", "red.png", files.file_of(image("circle", RED)), "它是什么颜色？", "红色", 16),
)
VIDEOS = (
    Case("video", "right.mp4", clip(moving(1, 0)), "Which way does it move?", "to the right", 27),
    Case("video", "up.mp4", clip(moving(0, -1, BLUE)), "它往哪个方向移动？", "向上", 27),
)
AUDIOS = (
    Case("audio", "five.wav", said("five"), "Which number is said?", "5", 11),
    Case("audio", "three.wav", beeps(3), "How many beeps do you hear?", "3", 11),
    Case("audio", "seven.mp3", said("seven", "mp3", "mp3"), "说的是哪个数字？", "7", 9),
)
CASES = (*IMAGES, *VIDEOS, *AUDIOS)
