"""One of the embedded voices."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from palaver.speech.sentences import readable
from palaver.speech.voice import Samples, pause
from palaver.speech.voices.espeak.pool import EspeakPool
from palaver.speech.voices.espeak.timbres import Timbre


class EmbeddedVoice:
    """One of the embedded voices; see :class:`palaver.speech.voice.Voice`.

    Args:
        name: The name by which clients ask for it.
        timbre: Its parameters.
        pool: The processes that speak.
    """

    def __init__(self, name: str, timbre: Timbre, pool: EspeakPool) -> None:
        self.name = name
        self.description = "embedded, espeak-ng"
        self._timbre = timbre
        self._pool = pool

    async def say(
        self, sentence: str, language: str, *, is_played: bool = False
    ) -> AsyncGenerator[Samples, None]:
        """See :meth:`Voice.say`; a sentence without letters or digits has no audio."""
        text = readable(sentence)
        if not any(character.isalnum() for character in text):
            return
        from palaver.speech.resample import Resampler  # noqa: PLC0415  # codecs load slowly

        resampler: Resampler | None = None
        spoken = self._pool.speak(text, self._timbre.style(language), is_played=is_played)
        async with aclosing(spoken) as chunks:
            async for chunk in chunks:
                resampler = resampler or Resampler(self._pool.sample_rate_hz)
                yield resampler.feed(chunk)
        if resampler:
            yield np.concatenate([resampler.finish(), pause()])

    async def warm_up(self, language: str) -> None:
        """Prepare a process for a language."""
        async with aclosing(self._pool.speak("", self._timbre.style(language))) as chunks:
            async for _ in chunks:
                pass
