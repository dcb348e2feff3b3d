"""A sequence: one choice of a request in the engine."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from enum import StrEnum

from palaver.engine.grammar.constraint import Constraint
from palaver.engine.sampling.penalties import TokenCounts
from palaver.generation.output import TokenFinish
from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState
from palaver.runtime.base import Features, SavedBlock


class Status(StrEnum):
    """What a sequence is doing.

    ::

        waiting ──admit──▶ prefill ──prompt computed──▶ decode ──last token──▶ finished
                              ▲ │                         │
                              │ └───────┐        ┌────────┘
                            admit       ▼        ▼
                              └──────── preempted

    A warm-up goes from ``warm-up`` to ``finished``. Cancelling always leads to ``finished``.
    """

    WAITING = "waiting"
    PREFILL = "prefill"
    DECODE = "decode"
    PREEMPTED = "preempted"
    WARMUP = "warm-up"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class SavedAnswer:
    """The answer's part of the cache, copied out while the sequence is preempted.

    Attributes:
        blocks: Copies of the cache blocks that hold generated tokens.
        num_computed: Tokens that had keys and values in the cache, prompt included.
    """

    blocks: list[SavedBlock]
    num_computed: int


class Sequence:
    """The tokens of one choice, and where the cache holds their keys and values.

    Attributes:
        request: The request.
        choice: Which of the request's choices this is; choice 0 computes the prompt for all.
        arrival: Number in the order of arrival; shared by the choices of a request.
        key: Sorts sequences oldest first, the choices of a request in their order.
        status: What it is doing.
        token_ids: Prompt, then the answer so far.
        num_prompt_tokens: How many of them are prompt.
        num_computed: Tokens that have keys and values in the cache.
        num_cached_tokens: Prompt tokens that the prefix cache held on admission.
        block_table: The cache blocks, in order.
        hashes: Hashes of the prompt's full blocks.
        num_published: How many of those blocks have been offered to the prefix cache.
        saved: The answer's blocks while it is preempted, until its prompt is computed again.
        counts: Token counts for the penalties, if there are any.
        constraint: State of the answer's grammar, if it has one.
        num_unreported: Fast-forward tokens at the end that are reported only when the next step
            has computed their log probabilities.
        features: Of the prompt's media, in their order; kept to the end, since a preempted sequence
            computes its prompt again.
        hidden_states_end: End of the prompt's part of which hidden states were reported.
    """

    def __init__(
        self,
        request: GenerationRequest,
        arrival: int,
        hashes: list[bytes],
        *,
        status: Status = Status.WAITING,
        constraint: Constraint | None = None,
        features: Iterable[Features] = (),
    ) -> None:
        self.request = request
        self.arrival = arrival
        self.choice = 0
        self.key = (arrival, 0)
        self.status = status
        self.token_ids = list(request.prompt.token_ids)
        self.num_prompt_tokens = len(self.token_ids)
        self.num_computed = 0
        self.num_cached_tokens = 0
        self.block_table: list[int] = []
        self.hashes = hashes
        self.num_published = 0
        self.saved: SavedAnswer | None = None
        self.counts: TokenCounts | None = None
        self.constraint = constraint
        self.num_unreported = 0
        self.features = tuple(features)
        self.hidden_states_end = 0

    @property
    def num_answer_tokens(self) -> int:
        """Tokens generated so far."""
        return len(self.token_ids) - self.num_prompt_tokens

    @property
    def finish(self) -> TokenFinish | None:
        """Why it ends with its last token; ``None`` if it continues."""
        params, num_answer_tokens = self.request.params, self.num_answer_tokens
        if not num_answer_tokens:
            return None
        if self.token_ids[-1] in params.stop_token_ids:
            return "stop"
        if self.constraint and self.constraint.is_complete:
            return "stop"
        return "length" if num_answer_tokens >= params.max_tokens else None

    def inspect(self) -> SequenceState:
        """Its state."""
        return SequenceState(
            request_id=self.request.request_id,
            choice=self.choice,
            state=self.status.value,
            num_prompt_tokens=self.num_prompt_tokens,
            num_cached_tokens=self.num_cached_tokens,
            num_computed_tokens=self.num_computed,
            num_answer_tokens=self.num_answer_tokens,
            num_blocks=len(self.block_table),
            account=self.request.account,
        )

    def prefill_end(self, block_size: int) -> int:
        """Number of prompt tokens to compute before decoding can start or resume.

        A preempted sequence computes only the full blocks of its prompt again: the blocks from the
        first generated token on were saved. A warm-up needs only full blocks, since others cannot
        be cached.
        """
        if self.saved is not None or self.status is Status.WARMUP:
            return self.num_prompt_tokens // block_size * block_size
        return self.num_prompt_tokens

    def fork(self, choice: int) -> Sequence:
        """A further choice that shares this one's prompt; the caller counts the references."""
        other = copy(self)
        other.choice = choice
        other.key = (self.arrival, choice)
        other.token_ids = self.token_ids.copy()
        other.block_table = self.block_table.copy()
        other.counts = self.counts.copy() if self.counts else None
        other.constraint = self.constraint.copy() if self.constraint else None
        return other

    def append(self, token_id: int) -> None:
        """Add a generated token; the next step computes its keys and values."""
        self.token_ids.append(token_id)
        if self.counts:
            self.counts.add(token_id)
