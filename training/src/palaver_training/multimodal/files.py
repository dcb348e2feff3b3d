"""Media as the files that a request carries; none of them loses a value."""

from __future__ import annotations

import base64
import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from palaver_training.multimodal.media import SAMPLE_RATE_HZ, Audio, Image, Media, Video


def content_part(media: Media) -> dict[str, Any]:
    """The content part of a chat message that holds a piece of media as base64."""
    match media:
        case Image():
            return _url_part("image", "image/png", png(media))
        case Video():
            return _url_part("video", "video/x-matroska", mkv(media))
        case Audio():
            data = base64.b64encode(wav(media)).decode()
            return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}


def png(image: Image) -> bytes:
    """An image as a PNG file."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(image.pixels).save(buffer, "PNG")
    return buffer.getvalue()


def mkv(video: Video) -> bytes:
    """A video as a Matroska file, losslessly compressed, with the times of its frames."""
    buffer = io.BytesIO()
    interval_s = float(video.times_s[1] - video.times_s[0]) if len(video.times_s) > 1 else 1.0
    with av.open(buffer, "w", format="matroska") as container:
        stream: Any = container.add_stream("ffv1", rate=Fraction(1 / interval_s))
        stream.height, stream.width = video.frames.shape[1:3]
        stream.pix_fmt = "bgr0"
        for pixels in video.frames:
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def wav(audio: Audio) -> bytes:
    """Audio as a WAV file of floats."""
    samples: NDArray[np.float32] = audio.samples[None]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="wav") as container:
        stream: Any = container.add_stream("pcm_f32le", rate=SAMPLE_RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def _url_part(kind: str, media_type: str, content: bytes) -> dict[str, Any]:
    url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    return {"type": f"{kind}_url", f"{kind}_url": {"url": url}}
