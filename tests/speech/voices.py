"""A voice for tests, which says beeps: one for each character."""

from __future__ import annotations

import numpy as np

from palaver.errors import ModelNotAvailable
from palaver.speech.voice import Samples


class BeepingVoice:
    """Says 100 samples for each character; a sentence with ``!`` brings it down.

    Attributes:
        said: Each sentence with its language.
    """

    def __init__(self) -> None:
        self.name = "beep"
        self.description = "beeps"
        self.said: list[tuple[str, str]] = []

    async def say(self, sentence: str, language: str) -> Samples:
        """See :meth:`Voice.say`."""
        if "!" in sentence:
            raise ModelNotAvailable("the voice has broken")
        self.said.append((sentence, language))
        num = sum(character.isalnum() for character in sentence)
        codes = [ord(character) % 100 * 100 for character in sentence if character.isalnum()]
        return np.repeat(np.array(codes, dtype=np.int16), 100) if num else np.zeros(0, np.int16)
