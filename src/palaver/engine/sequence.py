"""One choice of a request on its way through the engine."""

from __future__ import annotations

from collections.abc import Sequence as Listing

from palaver.engine.grammar.compiler import Constraint
from palaver.engine.sampling.penalties import TokenCounts
from palaver.generation.output import TokenFinish
from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState
from palaver.runtime.base import Features, SavedBlock


class Sequence:
    """The tokens of one choice and where their keys and values lie.

    Attributes:
        request: What was asked.
        choice: Which of the request's choices this is; choice 0 reads the prompt for all.
        arrival: Place in the order of arrival; shared by the choices of a request.
        token_ids: Prompt, then the answer so far.
        num_prompt_tokens: How many of them are prompt.
        num_computed: Tokens whose keys and values lie in the cache.
        num_cached_tokens: Prompt tokens that the prefix cache held on admission; ``None`` before.
        block_table: The cache blocks, in order.
        hashes: Hashes of the prompt's full blocks.
        num_published: How many of those blocks have been offered to the prefix cache.
        saved_blocks: While preempted: copies of the blocks that hold the answer; else ``None``.
        num_saved: While preempted: tokens whose keys and values lay in the cache.
        counts: Token counts for the penalties, if there are any.
        constraint: Where the answer stands in its grammar, if it has one.
        num_forced: Tokens at the end that the grammar has forced, as long as their log
            probabilities are still to be computed and reported.
        features: Of the prompt's spans, in their order; kept to the end, for a preempted sequence
            reads its prompt again.
        num_stated: Prompt tokens of whose media the states were reported, if they are wanted.
        is_read_back: The prompt is a finished conversation, read only to be cached.
    """

    def __init__(
        self,
        request: GenerationRequest,
        arrival: int,
        hashes: list[bytes],
        *,
        choice: int = 0,
        features: Listing[Features] = (),
        is_read_back: bool = False,
    ) -> None:
        self.request = request
        self.choice = choice
        self.arrival = arrival
        self.token_ids = list(request.prompt.token_ids)
        self.num_prompt_tokens = len(self.token_ids)
        self.num_computed = 0
        self.num_cached_tokens: int | None = None
        self.block_table: list[int] = []
        self.hashes = hashes
        self.num_published = 0
        self.saved_blocks: list[SavedBlock] | None = None
        self.num_saved = 0
        self.counts: TokenCounts | None = None
        self.constraint: Constraint | None = None
        self.num_forced = 0
        self.features = features
        self.num_stated = 0
        self.is_read_back = is_read_back

    @property
    def key(self) -> tuple[int, int]:
        """Sorts sequences oldest first."""
        return (self.arrival, self.choice)

    @property
    def num_answer_tokens(self) -> int:
        """Tokens generated so far."""
        return len(self.token_ids) - self.num_prompt_tokens

    @property
    def is_decoding(self) -> bool:
        """Whether the next step computes generated tokens."""
        return self.num_answer_tokens > 0 and self.saved_blocks is None

    @property
    def state(self) -> str:
        """What it is at, in a word."""
        if self.is_read_back:
            return "read back"
        if not self.block_table:
            return "waiting" if self.saved_blocks is None else "preempted"
        return "decode" if self.is_decoding else "prefill"

    @property
    def finish(self) -> TokenFinish | None:
        """Why it ends with its last token; ``None`` if it goes on."""
        if not self.num_answer_tokens:
            return None
        if self.token_ids[-1] in self.request.params.stop_token_ids:
            return "stop"
        if self.constraint and self.constraint.is_complete:
            return "stop"
        return "length" if self.num_answer_tokens >= self.request.params.max_tokens else None

    @property
    def has_ended(self) -> bool:
        """Whether no more tokens come."""
        return self.finish is not None

    def inspect(self) -> SequenceState:
        """Where it stands."""
        return SequenceState(
            request_id=self.request.request_id,
            choice=self.choice,
            state=self.state,
            num_prompt_tokens=self.num_prompt_tokens,
            num_cached_tokens=self.num_cached_tokens or 0,
            num_computed_tokens=self.num_computed,
            num_answer_tokens=self.num_answer_tokens,
            num_blocks=len(self.block_table),
            account=self.request.account,
        )

    def prefill_end(self, block_size: int) -> int:
        """Up to where the prompt must be read before decoding can start or resume.

        A resumed sequence reads only the full blocks of its prompt again: from the first block that
        holds a generated token on, its blocks were saved.
        """
        if self.saved_blocks is not None or self.is_read_back:
            return self.num_prompt_tokens // block_size * block_size
        return self.num_prompt_tokens

    def fork(self, choice: int) -> Sequence:
        """A further choice that shares this one's prompt; the caller counts the references."""
        other = Sequence(
            self.request, self.arrival, self.hashes, choice=choice, features=self.features
        )
        other.num_computed = self.num_computed
        other.num_cached_tokens = self.num_cached_tokens
        other.num_published = self.num_published
        other.block_table = self.block_table.copy()
        other.counts = self.counts.copy() if self.counts else None
        other.constraint = self.constraint.copy() if self.constraint else None
        return other

    def append(self, token_id: int) -> None:
        """Add a generated token, whose keys and values the next step computes."""
        self.token_ids.append(token_id)
        if self.counts:
            self.counts.add(token_id)
