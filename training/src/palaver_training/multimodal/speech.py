"""Words spoken by espeak-ng, which the package ``espeakng-loader`` brings."""

from __future__ import annotations

import ctypes
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palaver_training.multimodal.media import SAMPLE_RATE_HZ

VARIANTS = ("f3", "f2", "m7", "m3", "m1", "f1", "f4", "m5")
"""Voices, each a variant of a language's; the first four are those that the service speaks with."""
NUM_SERVED = 4

_SYNCHRONOUS = 2
_UTF8 = 1
_RATE, _PITCH = 1, 3
_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)
_KEPT: list[Any] = []


@lru_cache(2000)
def said(
    text: str, language: str, variant: int, words_per_minute: int, pitch: int = 50
) -> NDArray[np.float32]:
    """A word as ``float32[N]``, 16,000 samples a second.

    Args:
        text: What to say.
        language: ``en-us``, ``en`` or ``cmn``.
        variant: Which of :data:`VARIANTS` says it.
        words_per_minute: How fast.
        pitch: How high, from 0 to 99; 50 is the voice's own.
    """
    library, rate_hz, samples = _engine()
    samples.clear()
    library.espeak_SetVoiceByName(f"{language}+{VARIANTS[variant]}".encode())
    library.espeak_SetParameter(_RATE, words_per_minute, 0)
    library.espeak_SetParameter(_PITCH, pitch, 0)
    content = text.encode()
    library.espeak_Synth(content, len(content) + 1, 0, 0, 0, _UTF8, None, None)
    wave = np.concatenate(samples).astype(np.float32) / 2**15
    num = round(len(wave) * SAMPLE_RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(wave)[: num // 2 + 1]
    return (np.fft.irfft(spectrum, num) * (num / len(wave))).astype(np.float32)


@cache
def _engine() -> tuple[ctypes.CDLL, int, list[NDArray[np.int16]]]:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    folder = Path(espeakng_loader.get_data_path()).parent
    rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 200, str(folder).encode(), 0)
    samples: list[NDArray[np.int16]] = []

    def take(wave: Any, num_samples: int, _: Any) -> int:
        if wave and num_samples > 0:
            samples.append(np.ctypeslib.as_array(wave, (num_samples,)).copy())
        return 0

    callback = _CALLBACK(take)
    library.espeak_SetSynthCallback(callback)
    _KEPT.append(callback)  # the library holds a bare pointer
    return library, rate_hz, samples
