"""Audio decoded as a client would, and what is measured in it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 24_000
_WINDOW = 960  # 40 ms
_LOUD = 500


@dataclass(frozen=True)
class AudioClip:
    """Decoded audio.

    Attributes:
        samples: ``float64[N]`` in the range of 16-bit integers.
        rate_hz: Samples a second.
        num_channels: Number of channels.
    """

    samples: NDArray[np.float64]
    rate_hz: int
    num_channels: int

    @property
    def length_s(self) -> float:
        """Its length in seconds."""
        return len(self.samples) / self.rate_hz

    @property
    def levels(self) -> NDArray[np.float64]:
        """Root mean squares of windows of 40 ms."""
        whole = self.samples[: len(self.samples) // _WINDOW * _WINDOW].reshape(-1, _WINDOW)
        levels: NDArray[np.float64] = np.sqrt((whole**2).mean(axis=1))
        return levels

    @property
    def num_clipped(self) -> int:
        """Number of samples at the limits of the range."""
        return int((np.abs(self.samples) >= 32767).sum())

    @property
    def longest_silence_s(self) -> float:
        """The longest gap in it."""
        longest = current = 0
        for level in self.levels:
            current = current + 1 if level < 20 else 0
            longest = max(longest, current)
        return longest * _WINDOW / RATE_HZ

    @property
    def pitch_hz(self) -> float:
        """The median pitch of its voiced parts, by autocorrelation; 0 if nothing is voiced."""
        pitches = []
        for begin in range(0, len(self.samples) - 2 * _WINDOW, _WINDOW):
            window = self.samples[begin : begin + 2 * _WINDOW]
            window = window - window.mean()
            if np.sqrt((window**2).mean()) < _LOUD:
                continue
            found = np.correlate(window, window, "full")[len(window) - 1 :]
            lags = found[RATE_HZ // 400 : RATE_HZ // 60]
            if lags.max() > 0.4 * found[0]:
                pitches.append(RATE_HZ / (RATE_HZ // 400 + int(lags.argmax())))
        return float(np.median(pitches)) if pitches else 0.0


def listen(data: bytes, form: str) -> AudioClip:
    """Decode a file, as a client would."""
    if form == "pcm16":
        return AudioClip(np.frombuffer(data, "<i2").astype(float), RATE_HZ, 1)
    with av.open(io.BytesIO(data), mode="r") as container:
        stream: Any = container.streams.audio[0]
        rate_hz, num_channels = stream.rate, stream.channels
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        parts: list[Any] = []
        for frame in [*container.decode(stream), None]:
            parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    clip = AudioClip(np.concatenate(parts).astype(float), RATE_HZ, num_channels)
    assert rate_hz == (48_000 if form == "opus" else RATE_HZ)
    return clip
