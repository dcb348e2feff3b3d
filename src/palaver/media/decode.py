"""Decoding of files to arrays: images, the frames of a video, the samples of audio.

Files of clients are not trusted, so this runs in a process of its own; see
:mod:`palaver.media.decoder_process`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, TypeVar

import av
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps, UnidentifiedImageError

from palaver.media.error import MediaError
from palaver.media.limits import MediaLimits
from palaver.multimodal.media import SAMPLE_RATE_HZ, Audio, Image, Kind, Media, Video

_IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_FRAMES_PER_S = 2.0
_MIN_FRAMES = 4
_MICROSECONDS = 1_000_000

T = TypeVar("T")


def decode(kind: Kind, content: bytes, limits: MediaLimits) -> Media:
    """Decode a file to arrays.

    Raises:
        MediaError: The file is broken, not of this kind, or larger than the limits allow.
    """
    decoders: dict[Kind, Callable[[bytes, MediaLimits], Media]] = {
        "image": _decode_image,
        "video": _decode_video,
        "audio": _decode_audio,
    }
    try:
        return decoders[kind](content, limits)
    except MemoryError as error:
        raise MediaError("needs more memory than a file may take to decode") from error


def _decode_image(content: bytes, limits: MediaLimits) -> Image:
    PIL.Image.MAX_IMAGE_PIXELS = None  # the limit is checked below, before anything is decoded
    try:
        with PIL.Image.open(io.BytesIO(content), formats=_IMAGE_FORMATS) as image:
            _check_pixels(image.width, image.height, limits)
            upright = ImageOps.exif_transpose(image)
            return Image(np.asarray(_without_transparency(upright)))
    except UnidentifiedImageError:
        known = ", ".join(_IMAGE_FORMATS)
        raise MediaError(f"is not an image of a known kind ({known})") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError) as error:
        raise MediaError(f"is a broken image: {error}") from error


def _without_transparency(image: PIL.Image.Image) -> PIL.Image.Image:
    """The image on a white background."""
    if image.mode == "RGB":
        return image
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = PIL.Image.new("RGBA", layer.size, "white")
    return PIL.Image.alpha_composite(white, layer).convert("RGB")


def _decode_video(content: bytes, limits: MediaLimits) -> Video:
    num_frames, length_s = _scan(content, limits)
    if not num_frames:
        raise MediaError("has no image in its video track")
    num = max(int(length_s * _FRAMES_PER_S), _MIN_FRAMES)
    num = min(num, limits.max_frames, num_frames)
    wanted = set(np.linspace(0, num_frames - 1, num).round().astype(int).tolist())
    frames: list[NDArray[np.uint8]] = []
    times: list[float] = []
    for i, frame in enumerate(_frames(content, limits)):
        if i in wanted:
            shape = frames[0].shape if frames else _frame_shape(frame, num, limits)
            frames.append(_pixels(frame, shape))
            times.append(float(frame.time or 0.0))
    return Video(np.stack(frames), np.array(times))


def _scan(content: bytes, limits: MediaLimits) -> tuple[int, float]:
    """The number of frames, and the length in seconds."""
    num_frames, last_s = 0, 0.0
    for frame in _frames(content, limits):
        num_frames += 1
        last_s = float(frame.time or 0.0)
        _check_length("video", last_s, limits.max_video_s)
    return num_frames, last_s * (1 + 1 / max(num_frames - 1, 1))


def _frames(content: bytes, limits: MediaLimits) -> Iterator[Any]:
    def read(container: Any) -> Iterator[Any]:
        if not container.streams.video:
            raise MediaError("has no video track")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise MediaError("has a video track of an unknown codec")
        _check_pixels(stream.codec_context.width, stream.codec_context.height, limits)
        for frame in container.decode(stream):
            _check_pixels(frame.width, frame.height, limits)
            yield frame

    return _through_ffmpeg(content, "video", read)


def _frame_shape(frame: Any, num_frames: int, limits: MediaLimits) -> tuple[int, ...]:
    """Height and width at which ``num_frames`` frames keep the limit of their total pixels."""
    num_pixels = num_frames * frame.width * frame.height
    shrink = max(num_pixels / limits.max_video_pixels, 1.0) ** 0.5
    return max(int(frame.height / shrink), 1), max(int(frame.width / shrink), 1)


def _pixels(frame: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A frame's pixels, resized to ``shape``."""
    frame = frame.reformat(width=shape[1], height=shape[0], format="rgb24")
    pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    return pixels


def _decode_audio(content: bytes, limits: MediaLimits) -> Audio:
    def read(container: Any) -> Iterator[NDArray[np.float32]]:
        if not container.streams.audio:
            raise MediaError("has no audio track")
        if container.streams.audio[0].codec_context is None:
            raise MediaError("has an audio track of an unknown codec")
        resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE_HZ)
        num_samples = 0
        for frame in chain(container.decode(container.streams.audio[0]), (None,)):
            for part in resampler.resample(frame):
                samples: NDArray[np.float32] = part.to_ndarray().mean(axis=0)
                num_samples += len(samples)
                _check_length("audio clip", num_samples / SAMPLE_RATE_HZ, limits.max_audio_s)
                yield samples

    parts = list(_through_ffmpeg(content, "audio clip", read))
    if not parts:
        raise MediaError("has no audio in its audio track")
    return Audio(np.nan_to_num(np.concatenate(parts)).clip(-1, 1))


def _through_ffmpeg(content: bytes, what: str, read: Callable[[Any], Iterator[T]]) -> Iterator[T]:
    """What ``read`` yields from the opened file; ffmpeg's errors become :class:`MediaError`."""
    try:
        with av.open(io.BytesIO(content), mode="r", metadata_errors="ignore") as container:
            if container.duration and container.duration > 0:
                # Absurd lengths are refused at once; the real limit is checked while decoding.
                limit_s = 24 * 3600
                _check_length(what, container.duration / _MICROSECONDS, limit_s)
            yield from read(container)
    except (av.FFmpegError, OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"is a broken {what} or none of a known kind: {reason}") from error


def _check_pixels(width: int, height: int, limits: MediaLimits) -> None:
    if width < 1 or height < 1:
        raise MediaError("has no pixels")
    if width * height > limits.max_pixels:
        raise MediaError(f"has {width} x {height} pixels; {limits.max_pixels} in all are the limit")


def _check_length(what: str, length_s: float, limit_s: float) -> None:
    if length_s > limit_s:
        raise MediaError(f"is a {what} of more than {limit_s:g} seconds, which is the limit")
