"""Answers in audio: refused, or given a speech session where there are voices (spec row S11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from palaver.api.parts import Parts
from palaver.api.wire.request import ChatCompletionRequest
from palaver.chat.request import ChatRequest
from palaver.errors import InvalidRequest
from palaver.models.model import Model

if TYPE_CHECKING:  # a server without voices does not load the speech modules
    from palaver.speech.session import SpeechSession


def check_audio(body: ChatCompletionRequest, model: Model, parts: Parts) -> None:
    """Refuse a request for a spoken answer that this server cannot give.

    Raises:
        InvalidRequest: There is no voice, or none of that name.
        ModelNotAvailable: The voice is not loaded yet.
    """
    if not body.is_spoken:
        return
    if parts.speech is None:
        raise InvalidRequest(
            "modalities: this server has no voice, so it cannot answer in audio",
            param="modalities",
        )
    parts.speech.check(body.audio.voice if body.audio else None, model.name)


def speech_session(chat: ChatRequest, model: Model, parts: Parts) -> SpeechSession | None:
    """The session that speaks the answer; ``None`` where the request wants text only."""
    if chat.audio is None or parts.speech is None:
        return None
    return parts.speech.session(
        chat.audio,
        model.name,
        model.chat,
        num_choices=chat.num_choices,
        has_thinking=not chat.separate_reasoning,
    )


def spoken_text(spoken_id: str, path: str, parts: Parts) -> str:
    """The text of an earlier spoken answer that a message refers to.

    Raises:
        InvalidRequest: It is unknown or has expired.
    """
    if parts.speech is None:
        raise InvalidRequest(
            f"{path}: there is no spoken answer {spoken_id!r} here; this server has no voice, send "
            "the text as content",
            param=path,
        )
    return parts.speech.text_of(spoken_id, path)
