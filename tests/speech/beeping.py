"""Whole sentences of a voice, and a voice for tests that beeps once for each character."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import numpy as np

from palaver.errors import ModelNotAvailable
from palaver.speech.voice import Samples, Voice


async def whole(voice: Voice, sentence: str, language: str) -> Samples:
    """All samples of a sentence."""
    pieces = [samples async for samples in voice.say(sentence, language)]
    return np.concatenate([np.zeros(0, dtype=np.int16), *pieces])


class BeepingVoice:
    """Makes 100 samples for each character; a sentence with ``!`` makes it fail.

    Attributes:
        said: Each sentence with its language.
        are_played: For each sentence, whether it is played while it is made.
    """

    def __init__(self) -> None:
        self.name = "beep"
        self.description = "beeps"
        self.said: list[tuple[str, str]] = []
        self.are_played: list[bool] = []

    async def say(
        self, sentence: str, language: str, *, is_played: bool = False
    ) -> AsyncGenerator[Samples, None]:
        """See :meth:`Voice.say`."""
        if "!" in sentence:
            raise ModelNotAvailable("the voice has broken")
        self.said.append((sentence, language))
        self.are_played.append(is_played)
        codes = [ord(character) % 100 * 100 for character in sentence if character.isalnum()]
        if codes:
            yield np.repeat(np.array(codes, dtype=np.int16), 100)
