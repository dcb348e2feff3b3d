"""The messages between the API process and an engine process.

One message a step carries the new tokens of all sequences. Messages are MessagePack arrays.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from palaver.generation.output import TokenOutput
from palaver.generation.request import Array, GenerationRequest
from palaver.generation.stats import SequenceState, StepStats
from palaver.multimodal.media import Kind


class Submit(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Start to generate for a request."""

    request: GenerationRequest


class Cancel(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Stop a request, or one choice of it, and free its memory. Unknown ids are no error.

    Attributes:
        request_id: As in the submitted request.
        choice: Which choice; ``None`` for all.
    """

    request_id: int
    choice: int | None = None


class Inspect(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Ask for the state of every sequence."""


class Ready(msgspec.Struct, frozen=True, array_like=True):
    """The model is loaded; the last message of the process's start.

    Attributes:
        vocab_size: Width of the model's logits.
        num_cache_tokens: Tokens that fit into the cache.
        load_s: Seconds it took to load.
        has_hidden_states: Whether it can report the hidden states of media in prompts.
        media_kinds: The kinds of media that it takes beside text.
    """

    vocab_size: int
    num_cache_tokens: int
    load_s: float
    has_hidden_states: bool = False
    media_kinds: tuple[Kind, ...] = ()


class Refused(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A request that failed.

    Attributes:
        request_id: As submitted.
        message: The reason.
        param: The request's field that is wrong, if one is.
        is_own_failure: Whether the engine failed, not the request.
    """

    request_id: int
    message: str
    param: str | None = None
    is_own_failure: bool = False


class Inspection(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The state of every sequence.

    Attributes:
        sequences: Running ones first; each group in the order of arrival.
    """

    sequences: list[SequenceState]


class HiddenStates(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The hidden states of some media of a prompt; all of them come before the first token.

    Attributes:
        request_id: As submitted.
        rows: ``float32[N, hidden size]``, of the next N tokens of media in the prompt.
    """

    request_id: int
    rows: Array


class StepDone(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The result of one step.

    Attributes:
        tokens: New tokens of all sequences.
        stats: Statistics of the step.
    """

    tokens: list[TokenOutput]
    stats: StepStats


ToEngine: TypeAlias = Submit | Cancel | Inspect
FromEngine: TypeAlias = Refused | Inspection | HiddenStates | StepDone

encode = msgspec.msgpack.Encoder().encode
decode_ready = msgspec.msgpack.Decoder(Ready).decode
decode_to_engine = msgspec.msgpack.Decoder(ToEngine).decode
decode_from_engine = msgspec.msgpack.Decoder(FromEngine).decode
