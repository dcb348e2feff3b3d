"""The embedded voices: espeak-ng, which needs no download and speaks some hundred languages.

The library and its data come with the ``espeakng-loader`` package (the ``speech`` extra).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from palaver.speech.encode import Resampler
from palaver.speech.espeak_pool import EspeakPool
from palaver.speech.espeak_process import Style
from palaver.speech.sentences import readable
from palaver.speech.voice import SAMPLE_RATE_HZ, Samples

_PACKAGE = "espeakng_loader"
_PAUSE_S = 0.25
_LANGUAGES = {"en": "en-us", "zh": "cmn", "fr": "fr-fr"}
"""Where espeak-ng's name of a language is not its two letters."""


@dataclass(frozen=True, slots=True)
class Timbre:
    """How one of espeak-ng's voices sounds.

    Attributes:
        variant: espeak-ng's name of it.
        pitch: 0 to 99.
        words_per_minute: How fast it reads.
    """

    variant: str
    pitch: int = 50
    words_per_minute: int = 170

    def style(self, language: str) -> Style:
        """What to ask of a process for a language by its two letters."""
        voice = f"{_LANGUAGES.get(language, language)}+{self.variant}"
        return voice, self.words_per_minute, self.pitch


TIMBRES = {
    "alto": Timbre("f3"),
    "soprano": Timbre("f2", pitch=65),
    "tenor": Timbre("m7", pitch=45),
    "bass": Timbre("m3", pitch=30),
}


def is_installed() -> bool:
    """Whether the package with the library is there."""
    return find_spec(_PACKAGE) is not None


class EmbeddedVoice:
    """One of the embedded voices.

    Args:
        name: As clients ask for it.
        timbre: How it sounds.
        pool: The processes that speak.
    """

    is_quick = True

    def __init__(self, name: str, timbre: Timbre, pool: EspeakPool) -> None:
        self.name = name
        self.description = "embedded, espeak-ng"
        self._timbre = timbre
        self._pool = pool

    async def say(
        self,
        sentence: str,
        language: str,
        *,
        is_urgent: bool = False,
        played_until_s: float | None = None,
    ) -> AsyncIterator[Samples]:
        """See :meth:`Voice.say`; what has nothing to read is silence of no length."""
        text = readable(sentence)
        if not any(character.isalnum() for character in text):
            return
        resampler: Resampler | None = None
        spoken = self._pool.speak(
            text,
            self._timbre.style(language),
            is_urgent=is_urgent,
            played_until_s=played_until_s,
        )
        async with aclosing(spoken) as pieces:
            async for piece in pieces:
                resampler = resampler or Resampler(self._pool.sample_rate_hz)
                yield resampler.feed(np.frombuffer(piece, dtype="<i2").astype(np.int16))
        if resampler:
            yield np.concatenate([resampler.finish(), _pause()])

    async def warm_up(self, language: str) -> None:
        """Have a process ready for a language."""
        async with aclosing(self._pool.speak("", self._timbre.style(language))) as pieces:
            async for _ in pieces:
                pass


def _pause() -> Samples:
    """What follows a sentence."""
    return np.zeros(int(_PAUSE_S * SAMPLE_RATE_HZ), dtype=np.int16)
