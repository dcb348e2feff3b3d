"""Answers in sound: what a request asks for (spec row S11)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from palaver.api.wire.known import optional
from palaver.speech.formats import AudioFormat

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
    """The field where the source document has it: with a message's content."""
    return optional(None, "As beside the messages; the last one in the conversation counts.")


class AudioOptions(BaseModel):
    """How a spoken answer is to sound."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    voice: str | None = optional(
        None, "A voice from `GET /v1/models`; without it, the server's default."
    )
    format: AudioFormat | None = optional(
        None, "The kind of file; `wav` by default, and `pcm16` in a stream."
    )


class AudioReference(BaseModel):
    """A spoken answer of an earlier turn; what came beside its id may stay."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    id: str = Field(min_length=1, description="The answer's `audio.id`; known for an hour.")
    data: str | None = optional(None, "Not read again.")
    transcript: str | None = optional(None, "Not read again.")
    expires_at: float | None = optional(None, "Not read again.")
