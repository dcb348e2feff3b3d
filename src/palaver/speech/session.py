"""Answers in text and sound together: what a completion says is read aloud (spec row S11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from palaver.chat.delta import AudioDelta, Delta
from palaver.chat.families.description import Family
from palaver.chat.request import AudioFormat
from palaver.errors import InvalidRequest
from palaver.generation.request import Prompt
from palaver.speech.reading import Reading
from palaver.speech.speaker import Speaker
from palaver.speech.spoken import SpokenAnswers
from palaver.speech.voice import SAMPLE_RATE_HZ

States: TypeAlias = list[NDArray[np.float32]]
Reader: TypeAlias = Callable[[Prompt, States], Reading]

_MAX_WHOLE_S = 1800
_MAX_WAITING = 16


class SpeechSession:
    """Speaks the choices of one completion while they are being written.

    Args:
        reader: Begins to read an answer to a prompt.
        form: The kind of file.
        is_whole: Whether each choice's sound comes in one piece.
        answers: Where spoken answers are remembered.
        num_choices: How many there are.
        family: How the model writes, if its thinking stands in the answer.
    """

    def __init__(
        self,
        reader: Reader,
        form: AudioFormat,
        answers: SpokenAnswers,
        *,
        is_whole: bool,
        num_choices: int,
        family: Family | None = None,
    ) -> None:
        self._reader = reader
        self._form = form
        self._num_choices = num_choices
        self._family = family
        self._speakers: list[Speaker] = []
        self._is_whole = is_whole
        self._answers = answers
        self._last: dict[int, Delta] = {}
        self._states: States = []
        self._task: asyncio.Task[None] | None = None

    def begin(self, prompt: Prompt) -> bool:
        """Take notice of what is answered, before anything else.

        Returns:
            Whether the voice needs the hidden states of the prompt's media.
        """
        readings = [self._reader(prompt, self._states) for _ in range(self._num_choices)]
        self._speakers = [
            Speaker(reading, self._form, is_whole=self._is_whole, family=self._family)
            for reading in readings
        ]
        return any(reading.wants_hidden_states for reading in readings)

    def hear(self, hidden_states: States) -> None:
        """Take the hidden states of the prompt's media, before the first token is read."""
        self._states += hidden_states

    @property
    def num_tokens(self) -> int:
        """Audio tokens so far, over all choices."""
        return sum(speaker.num_tokens for speaker in self._speakers)

    async def accompany(
        self, batches: AsyncIterator[list[Delta]]
    ) -> AsyncGenerator[list[Delta], None]:
        """The same deltas and those of the sound between them.

        A choice's last delta, which has its finish reason, comes when all of it is spoken.

        Raises:
            InvalidRequest: The sound is too long for an answer in one piece.
            ModelNotAvailable: Model or voice cannot answer.
        """
        queue: asyncio.Queue[list[Delta] | BaseException | None] = asyncio.Queue(_MAX_WAITING)
        self._task = asyncio.create_task(self._work(batches, queue))
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.close()

    def close(self) -> None:
        """Stop speaking, if that is still going on."""
        if self._task is not None:
            self._task.cancel()

    async def _work(
        self,
        batches: AsyncIterator[list[Delta]],
        queue: asyncio.Queue[list[Delta] | BaseException | None],
    ) -> None:
        """Read the completion and speak its choices side by side, into one queue."""
        outcome: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(batches, queue))
                for choice in range(self._num_choices):
                    group.create_task(self._speak(choice, queue))
        except* Exception as failures:
            outcome = failures.exceptions[0]
        await queue.put(outcome)

    async def _read(
        self,
        batches: AsyncIterator[list[Delta]],
        queue: asyncio.Queue[list[Delta] | BaseException | None],
    ) -> None:
        async for batch in batches:
            shown = [replace(delta, finish_reason=None) for delta in batch]
            await queue.put([delta for delta in shown if not delta.is_empty])
            for delta in batch:
                speaker = self._speakers[delta.choice]
                speaker.feed(delta.content)
                if delta.finish_reason:
                    self._last[delta.choice] = Delta(
                        delta.choice, finish_reason=delta.finish_reason
                    )
                    speaker.finish()

    async def _speak(
        self, choice: int, queue: asyncio.Queue[list[Delta] | BaseException | None]
    ) -> None:
        speaker = self._speakers[choice]
        spoken_id = speaker.id
        expires_s = None
        try:
            async for piece in speaker.pieces():
                self._check_length()
                audio = AudioDelta(spoken_id, piece.transcript, piece.data)
                await queue.put([Delta(choice, audio=audio)])
                spoken_id = ""
        finally:
            speaker.close()
            if not spoken_id:  # an interrupted answer can be referred to as far as it came
                expires_s = self._answers.keep(speaker.id, speaker.answer)
        if expires_s is not None:
            await queue.put([Delta(choice, audio=AudioDelta(expires_s=expires_s))])
        await queue.put([self._last[choice]])

    def _check_length(self) -> None:
        num_samples = sum(speaker.num_samples for speaker in self._speakers)
        if self._is_whole and num_samples > _MAX_WHOLE_S * SAMPLE_RATE_HZ:
            raise InvalidRequest(
                f"modalities: the sound of this answer is longer than {_MAX_WHOLE_S} s, which is "
                "the limit of an answer in one piece; ask for a stream, or for fewer tokens or "
                "choices",
                param="modalities",
            )
