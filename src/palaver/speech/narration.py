"""The speaking of one answer: by a voice that reads any text, or by the model that writes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from palaver.speech.voice import Samples, Voice


class Narration(Protocol):
    """Takes the sentences of one answer, in order, and returns its audio.

    The same sentences always sound the same; the audio of one may come with the next, or at the
    end.
    """

    @property
    def wants_hidden_states(self) -> bool:
        """Whether it needs the model's hidden states of the media in the prompt."""

    def take_hidden_states(self, hidden_states: Sequence[NDArray[np.float32]]) -> None:
        """Take the model's hidden states of the media in the prompt, before the first sentence.

        Args:
            hidden_states: Arrays of ``float32[N, hidden size]``, of N tokens each, in order.
        """

    def say(self, sentence: str, language: str) -> AsyncGenerator[Samples, None]:
        """The audio that is ready with a further sentence.

        Args:
            sentence: The sentence as it is written.
            language: The two-letter code of its language, such as ``en``.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """

    def finish(self) -> AsyncGenerator[Samples, None]:
        """The rest of the audio, after the last sentence.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """

    def close(self) -> None:
        """Free its resources, finished or not."""


class VoiceNarration:
    """An answer spoken by a voice, each sentence independently.

    Args:
        voice: The voice.
        is_played: Whether the audio is played while it is made.
    """

    wants_hidden_states = False

    def __init__(self, voice: Voice, *, is_played: bool = False) -> None:
        self._voice = voice
        self._is_played = is_played

    def take_hidden_states(self, hidden_states: Sequence[NDArray[np.float32]]) -> None:
        """See :meth:`Narration.take_hidden_states`; a voice needs only the text."""

    def say(self, sentence: str, language: str) -> AsyncGenerator[Samples, None]:
        """See :meth:`Narration.say`."""
        return self._voice.say(sentence, language, is_played=self._is_played)

    async def finish(self) -> AsyncGenerator[Samples, None]:
        """See :meth:`Narration.finish`."""
        return
        yield

    def close(self) -> None:
        """See :meth:`Narration.close`."""
