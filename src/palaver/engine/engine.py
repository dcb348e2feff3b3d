"""The engine's step: schedule, run, sample, report."""

from __future__ import annotations

from collections.abc import Sequence as Listing
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from palaver.engine.messages import TokenFinish, TokenOutput
from palaver.engine.penalties import TokenCounts
from palaver.engine.request import GenerationRequest
from palaver.engine.sampler import Draw, TokenLogprobs, sample
from palaver.engine.scheduler import Chunk, Scheduler
from palaver.engine.sequence import Sequence
from palaver.runtime.base import Runtime, StepBatch

DEFAULT_MAX_STEP_TOKENS = 512
DEFAULT_MAX_RUNNING = 256


class Engine:
    """Generates for any number of requests at once over one runtime. Not thread-safe.

    Args:
        runtime: The loaded model.
        max_step_tokens: Tokens of one step, prefill included.
        max_running: Sequences in one step.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        max_step_tokens: int = DEFAULT_MAX_STEP_TOKENS,
        max_running: int = DEFAULT_MAX_RUNNING,
    ) -> None:
        self._runtime = runtime
        self.scheduler = Scheduler(
            runtime,
            num_blocks=runtime.shape.num_blocks,
            block_size=runtime.shape.block_size_tokens,
            max_step_tokens=max_step_tokens,
            max_running=max_running,
        )
        self._sequences: dict[int, list[Sequence]] = {}

    @property
    def has_work(self) -> bool:
        """Whether :meth:`step` would compute anything."""
        return self.scheduler.has_work

    @property
    def num_requests(self) -> int:
        """Requests that are not finished."""
        return len(self._sequences)

    def add(self, request: GenerationRequest) -> None:
        """Queue a request.

        Raises:
            ValueError: Prompt and answer can never fit into the cache together.
        """
        shape = self._runtime.shape
        num_tokens = len(request.prompt) + request.params.max_tokens
        num_fitting = shape.num_blocks * shape.block_size_tokens
        if num_tokens > num_fitting:
            raise ValueError(
                f"{len(request.prompt)} prompt tokens and up to {request.params.max_tokens} more "
                f"do not fit into a cache of {num_fitting} tokens"
            )
        self._sequences[request.request_id] = [self.scheduler.add(request)]

    def cancel(self, request_id: int, choice: int | None = None) -> None:
        """Stop a request or one choice of it; its blocks are free on return. Unknown ids pass."""
        for sequence in self._sequences.get(request_id, []).copy():
            if choice in (None, sequence.choice):
                self.scheduler.remove(sequence)
                self._forget(sequence)

    def step(self) -> list[TokenOutput]:
        """Compute one step; the tokens it brought, in the order of arrival."""
        chunks = self.scheduler.schedule()
        if not chunks:
            return []
        logits = self._runtime.step(_batch(chunks, self._runtime.shape.block_size_tokens))
        rows: list[int] = []
        drawn: list[Sequence] = []
        row = 0
        for chunk in chunks:
            self.scheduler.computed(chunk)
            if chunk.is_sampled:
                sequences = self._sampled(chunk.sequence)
                drawn += sequences
                rows += [row] * len(sequences)
                row += 1
        if not drawn:
            return []
        if len(rows) != row:
            logits = logits[rows]
        tokens, logprobs = sample(logits, [_draw(sequence) for sequence in drawn])
        return [self._accept(*drawing) for drawing in zip(drawn, tokens, logprobs, strict=True)]

    def check_integrity(self) -> None:
        """Raise ``AssertionError`` unless the books of engine and scheduler balance."""
        self.scheduler.check_integrity()
        known = {id(s) for sequences in self._sequences.values() for s in sequences}
        queued = [*self.scheduler.running, *self.scheduler.waiting]
        assert known == {id(s) for s in queued if not s.is_read_back}, "a sequence is lost"

    def _sampled(self, sequence: Sequence) -> list[Sequence]:
        """The choices that draw from this row: all of them right after the prompt."""
        if sequence.num_answer_tokens:
            return [sequence]
        if sequence.request.params.has_penalties:
            sequence.counts = TokenCounts(sequence.token_ids)
        others = self.scheduler.fork(sequence)
        self._sequences[sequence.request.request_id] += others
        return [sequence, *others]

    def _accept(
        self, sequence: Sequence, token_id: int, logprobs: TokenLogprobs | None
    ) -> TokenOutput:
        sequence.append(token_id)
        finish = _finish(sequence, token_id)
        if finish:
            self.scheduler.finish(sequence)
            self._forget(sequence)
        return TokenOutput(
            request_id=sequence.request.request_id,
            choice=sequence.choice,
            token_id=token_id,
            finish=finish,
            num_cached_tokens=sequence.num_cached_tokens,
            logprobs=logprobs,
        )

    def _forget(self, sequence: Sequence) -> None:
        sequences = self._sequences[sequence.request.request_id]
        sequences.remove(sequence)
        if not sequences:
            del self._sequences[sequence.request.request_id]


def _finish(sequence: Sequence, token_id: int) -> TokenFinish | None:
    params = sequence.request.params
    if token_id in params.stop_token_ids:
        return "stop"
    return "length" if sequence.num_answer_tokens >= params.max_tokens else None


def _draw(sequence: Sequence) -> Draw:
    return Draw(
        sequence.request.params, sequence.counts, sequence.choice, sequence.num_answer_tokens
    )


def _batch(chunks: Listing[Chunk], block_size: int) -> StepBatch:
    """The runtime's view of a step."""
    sequences = [chunk.sequence for chunk in chunks]
    past = np.array([s.num_computed for s in sequences], dtype=np.int32)
    nums = np.array([chunk.num_tokens for chunk in chunks], dtype=np.int32)
    lengths = past + nums
    begins = _begins(nums)
    num_blocks = -(-lengths // block_size)
    tables = (s.block_table[:num] for s, num in zip(sequences, num_blocks.tolist(), strict=True))
    tokens = (
        s.token_ids[s.num_computed : s.num_computed + c.num_tokens]
        for s, c in zip(sequences, chunks, strict=True)
    )
    num_tokens = int(begins[-1])
    positions = np.arange(num_tokens) + np.repeat(past - begins[:-1], nums)
    is_sampled = np.array([chunk.is_sampled for chunk in chunks])
    return StepBatch(
        token_ids=np.fromiter(chain.from_iterable(tokens), dtype=np.int64, count=num_tokens),
        position_ids=positions.astype(np.int64),
        past_lens=past,
        subsequence_begins=begins,
        block_indices=np.fromiter(chain.from_iterable(tables), dtype=np.int32),
        block_indices_begins=_begins(num_blocks),
        max_context_len=int(lengths.max()),
        sampled_indices=(begins[1:] - 1)[is_sampled].astype(np.int64),
    )


def _begins(nums: NDArray[np.int32]) -> NDArray[np.int32]:
    begins = np.zeros(len(nums) + 1, dtype=np.int32)
    np.cumsum(nums, out=begins[1:])
    return begins
