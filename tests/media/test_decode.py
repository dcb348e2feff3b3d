"""Files decoded to arrays: every supported format, and errors for broken or too large ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import PIL.Image
import pytest

from palaver.media import decode as decoding
from palaver.media.decode import decode
from palaver.media.error import MediaError
from palaver.media.limits import MediaLimits
from palaver.multimodal.media import Audio, Image, Kind, Video

from . import files
from .files import BLUE, GREEN, RED

_LIMITS = MediaLimits()


def _image(content: bytes, limits: MediaLimits = _LIMITS) -> Any:
    image = decode("image", content, limits)
    assert isinstance(image, Image)
    return image.pixels


def _video(content: bytes, limits: MediaLimits = _LIMITS) -> Video:
    video = decode("video", content, limits)
    assert isinstance(video, Video)
    return video


def _audio(content: bytes, limits: MediaLimits = _LIMITS) -> Any:
    audio = decode("audio", content, limits)
    assert isinstance(audio, Audio)
    return audio.samples


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_an_image_of_every_supported_format_has_its_colours(form: str) -> None:
    pixels = _image(files.file_of(files.halves(), form))
    assert pixels.shape == (32, 64, 3)
    assert np.abs(pixels[16, 8].astype(int) - RED).max() < 30
    assert np.abs(pixels[16, 56].astype(int) - BLUE).max() < 30


def test_an_image_is_rotated_by_its_orientation() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    pixels = _image(files.file_of(files.halves(), "PNG", exif=exif))
    assert pixels.shape == (64, 32, 3)
    assert tuple(pixels[8, 16]) == RED
    assert tuple(pixels[56, 16]) == BLUE


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_become_white(mode: str) -> None:
    image = files.halves((*RED, 255), (*RED, 0)).convert("RGBA")
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    pixels = _image(files.file_of(image, "PNG"))
    assert tuple(pixels[16, 56]) == (255, 255, 255)
    assert tuple(pixels[16, 8]) != (255, 255, 255)


def test_an_animated_image_is_its_first_frame() -> None:
    frames = [PIL.Image.new("RGB", (16, 16), colour) for colour in (GREEN, RED)]
    content = files.file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert tuple(_image(content)[8, 8]) == GREEN


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    bomb = files.file_of(PIL.Image.new("1", (20_000, 20_000)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(MediaError, match="20000 x 20000 pixels; 50000000"):
        _image(bomb)


@pytest.mark.parametrize("form", ["mp4", "matroska", "avi"])
def test_a_video_gives_two_frames_a_second(form: str) -> None:
    video = _video(files.video(num_frames=60, fps=10, form=form))
    assert video.frames.shape == (12, 48, 64, 3)
    levels = video.frames.mean(axis=(1, 2, 3))
    assert (np.diff(levels) > 0).all()
    assert levels[0] < 10
    assert levels[-1] > 245
    assert video.times_s == pytest.approx(np.linspace(0, 5.9, 12), abs=0.06)


@pytest.mark.parametrize(("num_frames", "num_found"), [(1, 1), (3, 3), (10, 4)])
def test_a_short_video_gives_four_frames_if_it_has_them(num_frames: int, num_found: int) -> None:
    assert len(_video(files.video(num_frames=num_frames)).frames) == num_found


def test_a_long_video_gives_no_more_frames_than_the_limit() -> None:
    limits = replace(_LIMITS, max_frames=5)
    video = _video(files.video(num_frames=100), limits)
    assert len(video.frames) == 5
    assert video.times_s[-1] == pytest.approx(9.9, abs=0.2)


def test_a_video_that_is_too_long_is_refused() -> None:
    with pytest.raises(MediaError, match="more than 2 seconds"):
        _video(files.video(num_frames=40), replace(_LIMITS, max_video_s=2))


@pytest.mark.parametrize(
    ("form", "codec", "rate_hz"),
    [
        ("wav", "pcm_s16le", 44_100),
        ("wav", "pcm_s16le", 8_000),
        ("mp3", "mp3", 44_100),
        ("flac", "flac", 48_000),
        ("ogg", "libopus", 48_000),
        ("mp4", "aac", 44_100),
    ],
)
def test_audio_of_every_supported_format_keeps_its_length_loudness_and_pitch(
    form: str, codec: str, rate_hz: int
) -> None:
    content = files.audio(files.tone(1.0, 440, rate_hz), form, codec, rate_hz, num_channels=2)
    samples = _audio(content)
    assert len(samples) == pytest.approx(16_000, rel=0.1)
    middle = samples[4_000:12_000]
    assert np.abs(middle).max() == pytest.approx(0.5, abs=0.1)
    pitch_hz = np.abs(np.fft.rfft(middle)).argmax() * 16_000 / len(middle)
    assert pitch_hz == pytest.approx(440, abs=3)


def test_audio_that_is_too_long_is_refused() -> None:
    with pytest.raises(MediaError, match="more than 1 seconds"):
        _audio(files.audio(files.tone(1.5)), replace(_LIMITS, max_audio_s=1))


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        ("image", b"hello", "not an image of a known kind"),
        ("image", files.audio(files.tone()), "not an image of a known kind"),
        ("video", b"hello", "broken video"),
        ("video", files.audio(files.tone()), "no video track"),
        ("audio", files.video(), "no audio track"),
        ("audio", b"\0" * 1000, "broken audio clip"),
        ("audio", files.file_of(files.halves(), "PNG"), "no audio track"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_the_stream_it_lacks(
    kind: Kind, content: bytes, why: str
) -> None:
    with pytest.raises(MediaError, match=why):
        decode(kind, content, _LIMITS)


_GOOD: dict[Kind, list[bytes]] = {
    "image": [files.file_of(files.halves(), form) for form in ("PNG", "JPEG", "WEBP", "GIF")],
    "video": [files.video(num_frames=8)],
    "audio": [
        files.audio(files.tone(0.2), form, codec)
        for form, codec in (("wav", "pcm_s16le"), ("mp3", "mp3"), ("flac", "flac"))
    ],
}


@pytest.mark.parametrize("kind", _GOOD)
def test_broken_files_decode_or_are_refused_and_nothing_else(kind: Kind) -> None:
    rng = random.Random(7)
    num_refused = 0
    for _ in range(60):
        content = bytearray(rng.choice(_GOOD[kind]))
        for _ in range(rng.randint(1, 20)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        broken = bytes(content[: rng.randrange(1, len(content) + 1)])
        try:
            decode(kind, broken, _LIMITS)
        except MediaError:
            num_refused += 1
    assert num_refused > 10


def test_endless_audio_is_refused_as_soon_as_it_is_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silence(stream: object) -> Iterator[av.AudioFrame]:
        while True:
            samples = np.zeros((1, 1600), dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate = 16_000
            yield frame

    stream = SimpleNamespace(codec_context=object())
    container = SimpleNamespace(decode=silence, streams=SimpleNamespace(audio=[stream]))
    monkeypatch.setattr(decoding, "_through_ffmpeg", lambda content, what, read: read(container))
    with pytest.raises(MediaError, match="more than 1 seconds"):
        decode("audio", b"", replace(_LIMITS, max_audio_s=1))
