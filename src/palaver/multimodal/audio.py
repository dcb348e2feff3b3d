"""The input of Qwen3-Omni's audio encoder: a log-mel spectrogram in chunks of a second."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from palaver.multimodal.media import SAMPLE_RATE_HZ

NUM_BINS = 128
CHUNK_FRAMES = 100
"""Frames that the encoder's convolutions and attention process together: one second."""
CHUNK_TOKENS = 13
_WINDOW = 400
_HOP = 160
_MIN_SAMPLES = _WINDOW // 2 + 1
_DYNAMIC_RANGE = 8.0
_LINEAR_HZ = 1000.0
_LINEAR_MELS = 15.0
_STEP = np.log(6.4) / 27


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """``float32[128, frames]``, a frame for each 160 samples; Whisper's spectrogram.

    Audio shorter than half a window is padded with silence.
    """
    if len(samples) < _MIN_SAMPLES:
        samples = np.pad(samples, (0, _MIN_SAMPLES - len(samples)))
    padded = np.pad(samples, _WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    spectra = np.fft.rfft(frames * window, axis=1)
    power = np.abs(spectra[:-1] if len(spectra) > 1 else spectra) ** 2
    levels = np.log10(np.maximum(power @ _filters(), 1e-10)).T
    floored = np.maximum(levels, levels.max() - _DYNAMIC_RANGE)
    mel: NDArray[np.float32] = ((floored + 4) / 4).astype(np.float32)
    return mel


def num_tokens(num_frames: int) -> int:
    """Tokens for ``num_frames`` frames."""
    rest = num_frames % CHUNK_FRAMES
    for _ in range(3):  # three convolutions of stride 2
        rest = (rest + 1) // 2
    return rest + num_frames // CHUNK_FRAMES * CHUNK_TOKENS


def in_chunks(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """``float32[128, frames]`` as ``float32[chunks, 128, frames]``, padded with silence."""
    width = min(CHUNK_FRAMES, mel.shape[1])
    num = -(-mel.shape[1] // width)
    padded = np.pad(mel, ((0, 0), (0, num * width - mel.shape[1])))
    return np.ascontiguousarray(padded.reshape(len(mel), num, width).transpose(1, 0, 2))


def token_mask(num_tokens_in_all: int, num_chunks: int, width: int) -> NDArray[np.bool_]:
    """``bool[chunks, tokens of a chunk]``: which of the encoder's rows are tokens, not padding."""
    per_chunk = num_tokens(width) if width < CHUNK_FRAMES else CHUNK_TOKENS
    return (np.arange(num_chunks * per_chunk) < num_tokens_in_all).reshape(num_chunks, per_chunk)


@cache
def _filters() -> NDArray[np.float64]:
    """``float64[frequencies, 128]``: triangles of equal area, evenly spaced in mels (Slaney)."""
    limits = _hz(np.linspace(0, _mels(np.array(SAMPLE_RATE_HZ / 2)), NUM_BINS + 2))
    frequencies = np.linspace(0, SAMPLE_RATE_HZ / 2, _WINDOW // 2 + 1)
    widths = np.diff(limits)
    slopes = limits[None] - frequencies[:, None]
    rising, falling = -slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]
    areas = 2 / (limits[2:] - limits[:-2])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * areas)


def _mels(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    high = _LINEAR_MELS + np.log(np.maximum(hz, 1e-9) / _LINEAR_HZ) / _STEP
    return np.where(hz >= _LINEAR_HZ, high, 3 * hz / 200)


def _hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    high = _LINEAR_HZ * np.exp(_STEP * (mels - _LINEAR_MELS))
    return np.where(mels >= _LINEAR_MELS, high, 200 * mels / 3)
