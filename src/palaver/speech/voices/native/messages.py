"""What a talker's process is asked, and what it answers."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from palaver.generation.request import Array, Prompt


class Begin(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Begin an answer to a prompt; the answer is :class:`Spoken`, of no length.

    Attributes:
        number: Names the answer from now on.
        voice: With which of the model's voices.
        prompt: What is answered.
        hidden_states: What the model makes of the prompt's media: arrays of ``float32[N, hidden
            size]``, of N tokens each, in order.
    """

    number: int
    voice: str
    prompt: Prompt
    hidden_states: list[Array]


class Advance(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Speak on, until a piece of audio is complete or more of the answer is needed.

    Attributes:
        number: Which answer.
        token_ids: More of its tokens.
        is_last: Whether these are the last ones.
    """

    number: int
    token_ids: list[int]
    is_last: bool


class Forget(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Forget an answer; it is no error if it is not known.

    Attributes:
        number: Which one.
    """

    number: int


class Spoken(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A piece of audio.

    Attributes:
        samples: 16 bits each, possibly none.
        has_more: Whether there may be more without further tokens.
    """

    samples: bytes
    has_more: bool


class Unknown(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """There is no answer of that number: it was begun in a process that has ended."""


ToTalker: TypeAlias = Begin | Advance | Forget
FromTalker: TypeAlias = Spoken | Unknown

encode = msgspec.msgpack.Encoder().encode
decode_to_talker = msgspec.msgpack.Decoder(ToTalker).decode
decode_from_talker = msgspec.msgpack.Decoder(FromTalker).decode
