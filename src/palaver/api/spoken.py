"""Answers in text and audio, as requests ask for them and as they go over the wire (S11)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from functools import partial

from msgspec import UNSET

from palaver.api.wire.audio import AudioOptions
from palaver.api.wire.request import ChatCompletionRequest
from palaver.api.wire.response import AudioBody, AudioDeltaBody
from palaver.models.served import ServedModel
from palaver.speech.answers import SpokenAnswers
from palaver.speech.catalogue import Voices
from palaver.speech.session import SpeechSession, SpokenDelta


def delta_body(delta: SpokenDelta) -> AudioDeltaBody:
    """A delta of the audio on the wire."""
    return AudioDeltaBody(
        id=delta.spoken_id or UNSET,
        transcript=delta.piece.transcript or UNSET,
        data=_base64(delta.piece.data) if delta.piece.data else UNSET,
        expires_at=UNSET if delta.expires_s is None else delta.expires_s,
    )


@dataclass(slots=True)
class SpokenAnswer:
    """The audio of one choice as it is put together."""

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
        """The audio on the wire."""
        return AudioBody(
            id=self.id,
            data=_base64(b"".join(self.data)),
            transcript="".join(self.transcript),
            expires_at=self.expires_s,
        )


def speech_of(
    body: ChatCompletionRequest, model: ServedModel, voices: Voices, answers: SpokenAnswers
) -> SpeechSession | None:
    """What speaks the answer to a request, if it is to be spoken.

    Raises:
        InvalidRequest: There is no such voice here.
    """
    if not body.is_spoken:
        return None
    options = body.audio or AudioOptions()
    voices.check(options.voice, model.name)
    encode, is_played = model.chat.tokenizer.encode, bool(body.stream)
    return SpeechSession(
        partial(voices.narration, options.voice, model.name, encode, is_played=is_played),
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
