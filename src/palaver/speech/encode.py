"""Encoding of audio in the format that a client asked for, as a whole or in chunks."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any, Protocol

import av
import numpy as np

from palaver.chat.request import AudioFormat
from palaver.speech.voice import SAMPLE_RATE_HZ, Samples

_CONTAINERS = {
    "wav": ("wav", "pcm_s16le"),
    "mp3": ("mp3", "mp3"),
    "flac": ("flac", "flac"),
    "opus": ("ogg", "libopus"),
}

_BITS_PER_S = {"mp3": 64_000, "opus": 48_000}


class Encoder(Protocol):
    """Turns samples into the bytes of a file, as they come."""

    @property
    def is_quick(self) -> bool:
        """Whether encoding is faster than handing it to a thread."""

    def feed(self, samples: Samples) -> bytes:
        """The bytes that are ready now."""

    def finish(self) -> bytes:
        """The rest of the file."""


def encoder_of(audio_format: AudioFormat, *, is_whole: bool) -> Encoder:
    """An encoder at the beginning of a file.

    Args:
        audio_format: The format of the file.
        is_whole: Whether the whole file comes at the end, with its length in the header. Otherwise
            it comes in chunks, and the header cannot have the length.
    """
    if audio_format == "pcm16":
        return _RawEncoder()
    return _FileEncoder(audio_format, io.BytesIO() if is_whole else _ChunkBuffer())


class _RawEncoder:
    """16-bit little-endian samples and nothing else."""

    is_quick = True

    def feed(self, samples: Samples) -> bytes:
        return samples.astype("<i2").tobytes()

    def finish(self) -> bytes:
        return b""


class _ChunkBuffer(io.RawIOBase):
    """A file that can only be written at its end, whose content is taken out chunk by chunk."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._written += content
        return len(content)

    def take(self) -> bytes:
        """What was written since the last call."""
        content, self._written = bytes(self._written), bytearray()
        return content


class _FileEncoder:
    """A format that ffmpeg writes.

    Args:
        audio_format: The format.
        file: Where to write; a chunk buffer is emptied with each call.
    """

    is_quick = False

    def __init__(self, audio_format: str, file: io.BytesIO | _ChunkBuffer) -> None:
        container, codec = _CONTAINERS[audio_format]
        self._file = file
        self._container = av.open(file, mode="w", format=container)
        self._stream: Any = self._container.add_stream(codec, rate=SAMPLE_RATE_HZ, layout="mono")
        context: Any = self._stream.codec_context
        if audio_format in _BITS_PER_S:
            context.bit_rate = _BITS_PER_S[audio_format]
        context.open()
        self._resampler = av.AudioResampler(
            format=context.format,
            layout="mono",
            rate=SAMPLE_RATE_HZ,
            frame_size=context.frame_size or None,
        )

    def feed(self, samples: Samples) -> bytes:
        if len(samples):
            frame = av.AudioFrame.from_ndarray(np.atleast_2d(samples), format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE_HZ
            self._write(self._resampler.resample(frame))
        return self._file.take() if isinstance(self._file, _ChunkBuffer) else b""

    def finish(self) -> bytes:
        self._write(self._resampler.resample(None))
        self._write([None])
        self._container.close()
        if isinstance(self._file, _ChunkBuffer):
            return self._file.take()
        return self._file.getvalue()

    def _write(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            for packet in self._stream.encode(frame):
                self._container.mux(packet)
