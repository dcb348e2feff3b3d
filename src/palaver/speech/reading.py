"""One answer read aloud: by a voice that reads any text, or by the model that writes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from palaver.speech.voice import Samples, Voice


class Reading(Protocol):
    """Takes the sentences of one answer, in order, and gives back its sound.

    The same sentences always sound the same; that of one may come with the next, or at the end.
    """

    def say(self, sentence: str, language: str) -> AsyncIterator[Samples]:
        """The sound that a further sentence brings.

        Args:
            sentence: What to say, in a text's own spelling.
            language: Its language by its two letters, ``en``.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """

    def finish(self) -> AsyncIterator[Samples]:
        """The rest of the sound, when there are no more sentences.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """

    def close(self) -> None:
        """Stop reading, if that is still going on."""


class VoiceReading:
    """Read by a voice, each sentence by itself.

    Args:
        voice: Who reads.
    """

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    async def say(self, sentence: str, language: str) -> AsyncIterator[Samples]:
        """See :meth:`Reading.say`."""
        yield await self._voice.say(sentence, language)

    async def finish(self) -> AsyncIterator[Samples]:
        """See :meth:`Reading.finish`."""
        return
        yield

    def close(self) -> None:
        """See :meth:`Reading.close`."""
