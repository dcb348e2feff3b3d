"""Answers in audio: the fields of a request (spec row S11)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from palaver.api.wire.known import optional
from palaver.chat.request import AudioFormat

_ACCEPTED = (["text"], ["text", "audio"], ["audio", "text"])


def _check(value: Any) -> Any:
    if value is not None and value not in _ACCEPTED:
        raise PydanticCustomError("modalities_value", 'must be ["text"] or ["text", "audio"]')
    return value


Modalities: TypeAlias = Annotated[
    list[Literal["text", "audio"]] | None,
    BeforeValidator(_check),
    WithJsonSchema({"enum": [None, *_ACCEPTED]}),
]


def nested_modalities() -> Any:
    """The field ``modalities`` in a message or content part, where the hosted service has it."""
    return optional(None, "As the request's own field; the last one in the conversation counts.")


class AudioOptions(BaseModel):
    """Voice and format of a spoken answer."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    voice: str | None = optional(
        None, "A voice from `GET /v1/models`; without it, the server's default."
    )
    format: AudioFormat | None = optional(
        None, "The file format; `wav` by default, and `pcm16` in a stream."
    )


class AudioReference(BaseModel):
    """A spoken answer of an earlier turn; the other fields of the answer's `audio` may stay."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    id: str = Field(min_length=1, description="The answer's `audio.id`; known for an hour.")
    data: str | None = optional(None, "Ignored.")
    transcript: str | None = optional(None, "Ignored.")
    expires_at: float | None = optional(None, "Ignored.")
