"""Answers in text and audio together: a completion is spoken while it is written (row S11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from palaver.chat.delta import AudioDelta, Delta
from palaver.chat.families.description import Family
from palaver.chat.request import AudioFormat
from palaver.errors import InvalidRequest
from palaver.generation.request import Prompt
from palaver.speech.answers import SpokenAnswers
from palaver.speech.choice import SpokenChoice
from palaver.speech.narration import Narration
from palaver.speech.voice import SAMPLE_RATE_HZ

_MAX_WHOLE_S = 1800
_MAX_WAITING = 16


_Queue: TypeAlias = asyncio.Queue[list[Delta] | BaseException | None]


class SpeechSession:
    """Speaks the choices of one completion while they are written.

    Call :meth:`begin` first, :meth:`take_hidden_states` if it returns true, then :meth:`add_audio`,
    and :meth:`close` in every case.

    Args:
        narrate: Begins the narration of an answer to a prompt.
        audio_format: The format of the audio.
        answers: Keeps the texts of spoken answers.
        is_whole: Whether each choice's audio comes as a whole.
        num_choices: Number of choices.
        family: The model's family, if the text contains its thinking.
    """

    def __init__(
        self,
        narrate: Callable[[Prompt], Narration],
        audio_format: AudioFormat,
        answers: SpokenAnswers,
        *,
        is_whole: bool,
        num_choices: int,
        family: Family | None = None,
    ) -> None:
        self._narrate = narrate
        self._audio_format = audio_format
        self._answers = answers
        self._is_whole = is_whole
        self._num_choices = num_choices
        self._family = family
        self._narrations: list[Narration] = []
        self._choices: list[SpokenChoice] = []
        self._last: dict[int, Delta] = {}
        self._task: asyncio.Task[None] | None = None

    def begin(self, prompt: Prompt) -> bool:
        """Begin to speak the answers to a prompt.

        Returns:
            Whether :meth:`take_hidden_states` has to be called before the answer's first delta.
        """
        self._narrations = [self._narrate(prompt) for _ in range(self._num_choices)]
        self._choices = [
            SpokenChoice(
                narration, self._audio_format, is_whole=self._is_whole, family=self._family
            )
            for narration in self._narrations
        ]
        return any(narration.wants_hidden_states for narration in self._narrations)

    def take_hidden_states(self, hidden_states: Sequence[NDArray[np.float32]]) -> None:
        """Take the model's hidden states of the media in the prompt.

        Args:
            hidden_states: Arrays of ``float32[N, hidden size]``, of N tokens each, in order.
        """
        for narration in self._narrations:
            narration.take_hidden_states(hidden_states)

    @property
    def num_tokens(self) -> int:
        """Audio tokens so far, over all choices."""
        return sum(choice.num_tokens for choice in self._choices)

    async def add_audio(
        self, batches: AsyncGenerator[list[Delta], None]
    ) -> AsyncGenerator[list[Delta], None]:
        """The same deltas, with deltas of audio between them; it closes ``batches``.

        A choice's last delta, which has its finish reason, comes after all of its audio.

        Raises:
            InvalidRequest: The audio is too long for a unary answer.
            ModelNotAvailable: Model or voice cannot answer.
        """
        queue: _Queue = asyncio.Queue(_MAX_WAITING)
        self._task = asyncio.create_task(self._work(batches, queue))
        self._task.add_done_callback(lambda _: self._close_choices())
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.close()

    def close(self) -> None:
        """Stop speaking, if it is not finished, and free all resources."""
        if self._task:
            self._task.cancel()  # its done callback closes the choices
        else:
            self._close_choices()

    def _close_choices(self) -> None:
        for choice in self._choices:
            choice.close()

    async def _work(self, batches: AsyncGenerator[list[Delta], None], queue: _Queue) -> None:
        """Forward the completion and speak its choices concurrently, into one queue."""
        outcome: BaseException | None = None
        try:
            async with aclosing(batches), asyncio.TaskGroup() as group:
                group.create_task(self._forward(batches, queue))
                for index, choice in enumerate(self._choices):
                    group.create_task(self._speak(index, choice, queue))
        except* Exception as failures:
            outcome = failures.exceptions[0]
        await queue.put(outcome)

    async def _forward(self, batches: AsyncIterator[list[Delta]], queue: _Queue) -> None:
        async for batch in batches:
            shown = [replace(delta, finish_reason=None) for delta in batch]
            await queue.put([delta for delta in shown if not delta.is_empty])
            for delta in batch:
                choice = self._choices[delta.choice]
                choice.feed(delta.content)
                if delta.finish_reason:
                    self._last[delta.choice] = Delta(
                        delta.choice, finish_reason=delta.finish_reason
                    )
                    choice.finish()

    async def _speak(self, index: int, choice: SpokenChoice, queue: _Queue) -> None:
        spoken_id, expires_s = choice.id, None
        try:
            async with aclosing(choice.chunks()) as chunks:
                async for chunk in chunks:
                    self._check_length()
                    audio = AudioDelta(spoken_id, chunk.transcript, chunk.data)
                    await queue.put([Delta(index, audio=audio)])
                    spoken_id = ""
        finally:
            if not spoken_id:  # even an interrupted answer can be referred to
                expires_s = self._answers.keep(choice.id, choice.text)
        if expires_s is not None:
            await queue.put([Delta(index, audio=AudioDelta(expires_s=expires_s))])
        await queue.put([self._last[index]])

    def _check_length(self) -> None:
        num_samples = sum(choice.num_samples for choice in self._choices)
        if self._is_whole and num_samples > _MAX_WHOLE_S * SAMPLE_RATE_HZ:
            raise InvalidRequest(
                f"modalities: the audio of this answer is longer than {_MAX_WHOLE_S} s, which is "
                "the limit of an answer in one piece; ask for a stream, or for fewer tokens or "
                "choices",
                param="modalities",
            )
