"""A request to a backend: prompt, sampling parameters and number of choices."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from palaver.multimodal.media import Kind


class Grammar(msgspec.Struct, frozen=True, array_like=True):
    """The grammar that an answer has to follow.

    Attributes:
        source: The grammar, in llguidance's dialect of Lark.
        field: Field of the request that needs it, for error messages.
    """

    source: str
    field: str


class Sampling(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How a client wants tokens to be sampled (spec rows S18 to S25).

    Attributes:
        temperature: 0 is greedy.
        top_p: Smallest probability mass to keep, 0 < x <= 1.
        top_k: Number of likeliest tokens to keep; 0 keeps all.
        min_p: Least probability to keep, relative to the likeliest token, 0 to 1.
        presence_penalty: Subtracted once from tokens that the answer has used.
        frequency_penalty: Subtracted for each time that the answer has used a token.
        repetition_penalty: Divides (or multiplies, if negative) logits of prompt and answer tokens.
        logit_bias: Token ids to -100 (forbids) … 100 (forces), added to their logits.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: dict[int, float] = {}

    @property
    def has_penalties(self) -> bool:
        """Whether any of the three penalties changes a logit."""
        return bool(self.presence_penalty or self.frequency_penalty) or self.repetition_penalty != 1


class SamplingParams(Sampling, frozen=True, kw_only=True, array_like=True):
    """Everything that decides which tokens a request gets.

    Attributes:
        max_tokens: Most tokens to generate, per choice.
        seed: Seed of the random numbers, 0 to 2**64 - 1.
        stop_token_ids: Tokens that end an answer; the token itself is reported.
        num_top_logprobs: Likeliest tokens to report beside each token; ``None`` reports no log
            probabilities at all.
        grammar: The grammar of the answer; ``None`` for none.
    """

    max_tokens: int
    seed: int
    stop_token_ids: tuple[int, ...] = ()
    num_top_logprobs: int | None = None
    grammar: Grammar | None = None


class Array(msgspec.Struct, frozen=True, array_like=True):
    """A numpy array in a message.

    Attributes:
        dtype: Numpy's name of the type.
        shape: Its shape.
        data: Its memory, row after row.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def of(cls, array: NDArray[Any]) -> Array:
        """The array as part of a message."""
        return cls(array.dtype.str, array.shape, array.tobytes())

    def numpy(self) -> NDArray[Any]:
        """The array again; not writable."""
        return np.frombuffer(self.data, dtype=self.dtype).reshape(self.shape)


class PlaceholderRange(msgspec.Struct, frozen=True, array_like=True):
    """The tokens of a prompt that stand for a chunk of media.

    Attributes:
        begin: Index of its first token.
        num_tokens: Number of tokens.
        kind: The kind of media.
        content_hash: Equal hashes stand for equal chunks.
        content: The features for its encoder; ``None`` once they are encoded.
    """

    begin: int
    num_tokens: int
    kind: Kind
    content_hash: bytes
    content: Array | None

    @property
    def end(self) -> int:
        """Index after its last token."""
        return self.begin + self.num_tokens


class Prompt(msgspec.Struct, frozen=True, array_like=True):
    """What a model reads before it answers.

    Attributes:
        token_ids: The rendered conversation, at least one token.
        placeholders: Images, video and audio in it, in order; their tokens have placeholder ids.
        positions: ``int32[3, N]``, time, row and column of the first N tokens; ``None`` for text,
            where each token's place is all three.
        position_delta: Added to the place of every later token to make its position.
    """

    token_ids: list[int]
    placeholders: list[PlaceholderRange] = []
    positions: Array | None = None
    position_delta: int = 0

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def media_end(self) -> int:
        """Index after the last placeholder token; 0 if there is none."""
        return self.placeholders[-1].end if self.placeholders else 0

    def num_media_tokens(self, kind: Kind) -> int:
        """Number of placeholder tokens of a kind."""
        return sum(
            placeholder.num_tokens for placeholder in self.placeholders if placeholder.kind == kind
        )

    def media_tokens(self, begin: int, end: int) -> NDArray[np.int64]:
        """Indices of the placeholder tokens from ``begin`` to ``end``, in order."""
        placeholders = (
            (max(placeholder.begin, begin), min(placeholder.end, end))
            for placeholder in self.placeholders
        )
        places = [np.arange(first, last) for first, last in placeholders if first < last]
        return np.concatenate([np.zeros(0, dtype=np.int64), *places])

    def without_content(self) -> Prompt:
        """The same prompt once its placeholders are encoded."""
        placeholders = [
            msgspec.structs.replace(placeholder, content=None) for placeholder in self.placeholders
        ]
        return msgspec.structs.replace(self, placeholders=placeholders)

    def rope_ids(self, begin: int, end: int) -> NDArray[np.int64]:
        """``int64[3, end - begin]``: positions of those tokens, which may be after the prompt."""
        rows = np.tile(np.arange(begin, end, dtype=np.int64) + self.position_delta, (3, 1))
        if self.positions is not None and begin < self.positions.shape[1]:
            known = self.positions.numpy()[:, begin:end]
            rows[:, : known.shape[1]] = known
        return rows


class Script(msgspec.Struct, frozen=True, array_like=True):
    """The tokens that a request's choices get in place of a model's.

    For tests of clients, on a backend whose capabilities have ``scripts``.

    Attributes:
        choices: The tokens of each choice; further choices begin with the first list again.
    """

    choices: tuple[tuple[int, ...], ...]


request_ids = itertools.count(1)
"""Ids for requests, unique in this process."""


class GenerationRequest(msgspec.Struct, frozen=True, array_like=True):
    """One prompt and the choices wanted for it.

    Attributes:
        request_id: Identifies the request in a backend; unique among those in progress, as
            :data:`request_ids` are.
        prompt: The prompt; computed once for all choices.
        params: How to sample.
        num_choices: Number of answers, 1 to 128.
        wants_hidden_states: Whether a talker needs the hidden states of the prompt's media, which
            are then computed even if the cache has the tokens.
        account: Id of the API key that the request came with; may be ``""``.
        script: Tokens to return in place of the model's; for tests of clients.
    """

    request_id: int
    prompt: Prompt
    params: SamplingParams
    num_choices: int = 1
    wants_hidden_states: bool = False
    account: str = ""
    script: Script | None = None
