"""One answer read aloud: by a voice that reads any text, or by the model that writes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Protocol

from palaver.speech.voice import SAMPLE_RATE_HZ, Samples, Voice


class Reading(Protocol):
    """Takes the sentences of one answer, in order, and gives back its sound.

    The same sentences always sound the same; that of one may come with the next, or at the end.
    """

    def expect(self, sentence: str, language: str) -> None:
        """Take notice of the sentence that probably comes next; another one may come all the same.

        Args:
            sentence: As :meth:`say` will get it.
            language: Its language.
        """

    @property
    def wants_hidden_states(self) -> bool:
        """Whether it has to know what the model makes of the media in the prompt."""

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

    A quick voice begins with a sentence as soon as it is expected, so that its sound is there when
    it turns out to be one.

    Args:
        voice: Who reads.
        is_played: Whether the sound is played while it is made.
    """

    wants_hidden_states = False

    def __init__(self, voice: Voice, *, is_played: bool = False) -> None:
        self._voice = voice
        self._is_played = is_played
        self._expected: _Sentence | None = None
        self._is_heard = False
        self._played_until_s = 0.0

    def expect(self, sentence: str, language: str) -> None:
        """See :meth:`Reading.expect`."""
        if self._voice.is_quick and not self._is_expected(sentence, language):
            self._begin(sentence, language)

    async def say(self, sentence: str, language: str) -> AsyncIterator[Samples]:
        """See :meth:`Reading.say`."""
        if not self._is_expected(sentence, language):
            self._begin(sentence, language)
        assert self._expected is not None
        async for samples in self._expected.pieces():
            self._is_heard = True
            begin_s = max(self._played_until_s, time.monotonic())
            self._played_until_s = begin_s + len(samples) / SAMPLE_RATE_HZ
            yield samples
        self._expected = None

    async def finish(self) -> AsyncIterator[Samples]:
        """See :meth:`Reading.finish`."""
        return
        yield

    def close(self) -> None:
        """See :meth:`Reading.close`."""
        expected, self._expected = self._expected, None
        if expected:
            expected.close()

    def _begin(self, sentence: str, language: str) -> None:
        """Have a sentence said in place of the expected one; the first sound is waited for."""
        self.close()
        played_until_s = self._played_until_s if self._is_played else None
        is_late = self._is_played and self._played_until_s < time.monotonic()
        sound = self._voice.say(
            sentence,
            language,
            is_urgent=is_late or not self._is_heard,
            played_until_s=played_until_s,
        )
        self._expected = _Sentence((sentence, language), sound)

    def _is_expected(self, sentence: str, language: str) -> bool:
        expected = self._expected
        return expected is not None and expected.key == (sentence, language)


class _Sentence:
    """The sound of a sentence, collected whether or not somebody waits for it."""

    def __init__(self, key: tuple[str, str], sound: AsyncIterator[Samples]) -> None:
        self.key = key
        self._pieces: asyncio.Queue[Samples | Exception | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._collect(sound))

    async def pieces(self) -> AsyncIterator[Samples]:
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def close(self) -> None:
        self._task.cancel()

    async def _collect(self, sound: AsyncIterator[Samples]) -> None:
        outcome: Exception | None = None
        try:
            async for samples in sound:
                self._pieces.put_nowait(samples)
        except Exception as error:  # whoever waits for the sentence is told
            outcome = error
        self._pieces.put_nowait(outcome)
