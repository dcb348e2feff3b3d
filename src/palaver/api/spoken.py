"""Answers in text and sound together: what a completion says is read aloud (spec row S11)."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from palaver.api.wire.audio import AudioOptions
from palaver.api.wire.request import ChatCompletionRequest
from palaver.api.wire.response import AudioBody, AudioDeltaBody
from palaver.chat.families.description import Family
from palaver.chat.turn import Delta
from palaver.errors import InvalidRequest
from palaver.generation.request import Prompt
from palaver.models.served import ServedModel
from palaver.speech.encode import AudioFormat
from palaver.speech.reading import Reading
from palaver.speech.speaker import Speaker, SpokenPiece
from palaver.speech.spoken import SpokenAnswers
from palaver.speech.voice import SAMPLE_RATE_HZ
from palaver.speech.voices import Voices

States: TypeAlias = list[NDArray[np.float32]]
Reader: TypeAlias = Callable[[Prompt, States], Reading]

_NOTHING = SpokenPiece()
_MAX_WHOLE_S = 1800
_MAX_WAITING = 16


@dataclass(frozen=True, slots=True)
class SpokenDelta(Delta):
    """What speaking adds to one choice.

    Attributes:
        spoken_id: The sound's id, in its first delta.
        piece: What comes next of it.
        expires_s: Until when its id can be referred to, in its last delta.
    """

    spoken_id: str = ""
    piece: SpokenPiece = _NOTHING
    expires_s: int | None = None

    @property
    def body(self) -> AudioDeltaBody:
        """The delta on the wire."""
        return AudioDeltaBody(
            id=self.spoken_id or UNSET,
            transcript=self.piece.transcript or UNSET,
            data=_base64(self.piece.data) if self.piece.data else UNSET,
            expires_at=UNSET if self.expires_s is None else self.expires_s,
        )


@dataclass(slots=True)
class SpokenAnswer:
    """The sound of one choice as it is put together."""

    id: str = ""
    transcript: list[str] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    expires_s: int = 0

    def add(self, delta: SpokenDelta) -> None:
        """Take what comes next."""
        self.id = self.id or delta.spoken_id
        self.transcript.append(delta.piece.transcript)
        self.data.append(delta.piece.data)
        self.expires_s = delta.expires_s or self.expires_s

    @property
    def body(self) -> AudioBody:
        """The sound on the wire."""
        return AudioBody(
            id=self.id,
            data=_base64(b"".join(self.data)),
            transcript="".join(self.transcript),
            expires_at=self.expires_s,
        )


class Speech:
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
        self._task: asyncio.Task[None] | None = None

    def begin(self, prompt: Prompt) -> States | None:
        """Take notice of what is answered, before anything else.

        Returns:
            Where to put what the model makes of the prompt's media, if the voice has to know.
        """
        states: States = []
        readings = [self._reader(prompt, states) for _ in range(self._num_choices)]
        self._speakers = [
            Speaker(reading, self._form, is_whole=self._is_whole, family=self._family)
            for reading in readings
        ]
        return states if any(reading.wants_hidden_states for reading in readings) else None

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
                await queue.put([SpokenDelta(choice, spoken_id=spoken_id, piece=piece)])
                spoken_id = ""
        finally:
            speaker.close()
            if not spoken_id:  # an interrupted answer can be referred to as far as it came
                expires_s = self._answers.keep(speaker.id, speaker.answer)
        if expires_s is not None:
            await queue.put([SpokenDelta(choice, expires_s=expires_s)])
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


def speech_of(
    body: ChatCompletionRequest, model: ServedModel, voices: Voices, answers: SpokenAnswers
) -> Speech | None:
    """Who speaks the answer to a request, if it is to be spoken.

    Raises:
        InvalidRequest: There is no such voice here.
    """
    if not body.is_spoken:
        return None
    options = body.audio or AudioOptions()
    voices.check(options.voice, model.name)
    encode, is_played = model.chat.tokenizer.encode, bool(body.stream)
    return Speech(
        partial(voices.reading, options.voice, model.name, encode, is_played=is_played),
        options.format or ("pcm16" if body.stream else "wav"),
        answers,
        is_whole=not body.stream,
        num_choices=body.n or 1,
        family=None if body.separate_reasoning else model.chat.dialect.family,
    )


def with_spoken_answers(
    body: ChatCompletionRequest, answers: SpokenAnswers
) -> ChatCompletionRequest:
    """The request with the texts of the spoken answers that it refers to.

    Raises:
        InvalidRequest: It refers to one that is not known, or not any more.
    """
    messages = list(body.messages)
    for i, message in enumerate(messages):
        if message.audio:
            text = answers.find(message.audio.id, f"messages[{i}].audio.id")
            if message.content is None:
                messages[i] = message.model_copy(update={"content": text})
    return body.model_copy(update={"messages": messages})


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
