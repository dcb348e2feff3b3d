"""Media files made by the tests."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def halves(left: Any = RED, right: Any = BLUE, size: tuple[int, int] = (64, 32)) -> Image.Image:
    """An image of two halves."""
    mode = "RGBA" if len(left) == 4 else "RGB"
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, size[0], size[1]))
    return image


def file_of(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """An image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def video(num_frames: int = 20, fps: int = 10, form: str = "mp4", codec: str = "mpeg4") -> bytes:
    """A video that fades from black to white."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(num_frames):
            level = round(255 * i / max(num_frames - 1, 1))
            pixels = np.full((48, 64, 3), level, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()


def tone(seconds: float = 0.5, frequency_hz: float = 440, rate_hz: int = 44_100) -> Any:
    """Samples of a sine at half of full scale."""
    times = np.arange(int(seconds * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def audio(
    samples: NDArray[np.float32],
    form: str = "wav",
    codec: str = "pcm_s16le",
    rate_hz: int = 44_100,
    num_channels: int = 1,
) -> bytes:
    """Samples as a file, the same in each channel."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as container:
        layout = "mono" if num_channels == 1 else "stereo"
        stream: Any = container.add_stream(codec, rate=rate_hz, layout=layout)
        planes = np.tile(samples, (num_channels, 1))
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(
            format=stream.format, layout=layout, rate=rate_hz, frame_size=stream.frame_size or 1024
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(part):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return buffer.getvalue()
