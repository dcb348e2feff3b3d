"""One answer spoken: by a voice that reads any text, or by the model that writes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from palaver.speech.voice import Samples, Voice


class Narration(Protocol):
    """Takes the sentences of one answer, in order, and gives back its audio.

    The same sentences always sound the same; the audio of one may come with the next, or at the
    end.
    """

    @property
    def wants_hidden_states(self) -> bool:
        """Whether it needs what the model makes of the media in the prompt."""

    def take_hidden_states(self, hidden_states: Sequence[NDArray[np.float32]]) -> None:
        """Take what the model makes of the media in the prompt, before the first sentence.

        Args:
            hidden_states: Arrays of ``float32[N, hidden size]``, of N tokens each, in order.
        """

    def say(self, sentence: str, language: str) -> AsyncGenerator[Samples, None]:
        """The audio that a further sentence brings.

        Args:
            sentence: What to say, in a text's own spelling.
            language: Its language by its two letters, ``en``.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """

    def finish(self) -> AsyncGenerator[Samples, None]:
        """The rest of the audio, when there are no more sentences.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """

    def close(self) -> None:
        """Free what is held for it, finished or not."""


class VoiceNarration:
    """Read by a voice, each sentence by itself.

    Args:
        voice: Who reads.
        is_played: Whether the audio is played while it is made.
    """

    wants_hidden_states = False

    def __init__(self, voice: Voice, *, is_played: bool = False) -> None:
        self._voice = voice
        self._is_played = is_played

    def take_hidden_states(self, hidden_states: Sequence[NDArray[np.float32]]) -> None:
        """See :meth:`Narration.take_hidden_states`; a voice reads the text alone."""

    def say(self, sentence: str, language: str) -> AsyncGenerator[Samples, None]:
        """See :meth:`Narration.say`."""
        return self._voice.say(sentence, language, is_played=self._is_played)

    async def finish(self) -> AsyncGenerator[Samples, None]:
        """See :meth:`Narration.finish`."""
        return
        yield

    def close(self) -> None:
        """See :meth:`Narration.close`."""
