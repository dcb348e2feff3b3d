"""Voices heard whole, and one for tests, which says beeps: one for each character."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np

from palaver.errors import ModelNotAvailable
from palaver.speech.voice import Samples, Voice


async def whole(voice: Voice, sentence: str, language: str) -> Samples:
    """All of the sound of a sentence."""
    pieces = [samples async for samples in voice.say(sentence, language)]
    return np.concatenate([np.zeros(0, dtype=np.int16), *pieces])


class BeepingVoice:
    """Says 100 samples for each character; a sentence with ``!`` brings it down.

    Args:
        is_quick: What it says of itself.

    Attributes:
        said: Each sentence with its language.
        urgent: Sentences that were said to be.
        played_until_s: For each sentence, when what came before it will have been played.
    """

    def __init__(self, *, is_quick: bool = True) -> None:
        self.is_quick = is_quick
        self.name = "beep"
        self.description = "beeps"
        self.said: list[tuple[str, str]] = []
        self.urgent: list[str] = []
        self.played_until_s: list[float | None] = []

    async def say(
        self,
        sentence: str,
        language: str,
        *,
        is_urgent: bool = False,
        played_until_s: float | None = None,
    ) -> AsyncIterator[Samples]:
        """See :meth:`Voice.say`."""
        if "!" in sentence:
            raise ModelNotAvailable("the voice has broken")
        self.said.append((sentence, language))
        self.urgent += [sentence] if is_urgent else []
        self.played_until_s.append(played_until_s)
        codes = [ord(character) % 100 * 100 for character in sentence if character.isalnum()]
        if codes:
            yield np.repeat(np.array(codes, dtype=np.int16), 100)
