"""The messages to and from a talker's process."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from palaver.generation.request import Array, Prompt


class Begin(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Begin an answer to a prompt; the answer is :class:`Spoken`, of no length.

    Attributes:
        number: Identifies the answer from now on.
        voice: One of the model's voices.
        prompt: The prompt of the answer.
        hidden_states: The model's hidden states of the prompt's media: arrays of ``float32[N,
            hidden size]``, of N tokens each, in order.
    """

    number: int
    voice: str
    prompt: Prompt
    hidden_states: list[Array]


class Advance(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Continue to speak, until a chunk of audio is complete or more of the answer is needed.

    Attributes:
        number: The answer.
        token_ids: Its next tokens.
        is_last: Whether these are its last tokens.
    """

    number: int
    token_ids: list[int]
    is_last: bool


class Forget(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Forget an answer; unknown numbers are no error.

    Attributes:
        number: The answer.
    """

    number: int


class Spoken(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A chunk of audio.

    Attributes:
        samples: 16 bits each, possibly none.
        has_more: Whether there may be more without further tokens.
    """

    samples: bytes
    has_more: bool


class Unknown(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """There is no answer of that number: the process in which it began has ended."""


ToTalker: TypeAlias = Begin | Advance | Forget
FromTalker: TypeAlias = Spoken | Unknown

encode = msgspec.msgpack.Encoder().encode
decode_to_talker = msgspec.msgpack.Decoder(ToTalker).decode
decode_from_talker = msgspec.msgpack.Decoder(FromTalker).decode
