"""The engine's step: schedule, run, sample, report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from collections.abc import Sequence as Listing
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from palaver.engine.batch import make_batch
from palaver.engine.checks import check_request
from palaver.engine.chunk import Chunk
from palaver.engine.grammar.compiler import Constraint, Mask, MaskMaker
from palaver.engine.hidden_states import take_hidden_states
from palaver.engine.process.config import DEFAULT_MAX_RUNNING, DEFAULT_MAX_STEP_TOKENS
from palaver.engine.process.messages import HiddenStates
from palaver.engine.reading import Reading, apart
from palaver.engine.sampling.kernels import kernels_for
from palaver.engine.sampling.penalties import TokenCounts
from palaver.engine.sampling.sampler import Draw, Sampler, logprobs_of
from palaver.engine.scheduler import Scheduler
from palaver.engine.sequence import Sequence
from palaver.errors import InvalidRequest
from palaver.generation.output import TokenLogprobs, TokenOutput
from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState, StepStats
from palaver.runtime.base import Features, Logits, Runtime


class Engine:
    """Generates for any number of requests at once over one runtime. Not thread-safe.

    Args:
        runtime: The loaded model.
        max_step_tokens: Tokens of one step, prefill included.
        max_running: Sequences in one step.
        num_threads: Threads that sample; 0 means one for each core.

    Attributes:
        scheduler: Holds the sequences and the books.
        stats: The last step in figures; ``None`` if there was nothing to compute.
        failures: Requests that the last step gave up, with the reason.
        states: What the last step made of media, for requests that want to know.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        max_step_tokens: int = DEFAULT_MAX_STEP_TOKENS,
        max_running: int = DEFAULT_MAX_RUNNING,
        num_threads: int = 0,
    ) -> None:
        self._runtime = runtime
        self._sampler = Sampler(kernels_for(runtime.shape.vocab_size, num_threads))
        self.scheduler = Scheduler(
            runtime,
            num_blocks=runtime.shape.num_blocks,
            block_size=runtime.shape.block_size_tokens,
            max_step_tokens=max_step_tokens,
            max_running=max_running,
        )
        self._sequences: dict[int, list[Sequence]] = {}
        self._reading: Reading | None = None
        self._model_s = 0.0
        self._masks = MaskMaker(runtime.shape.vocab_size)
        self._mask_thread = ThreadPoolExecutor(1, thread_name_prefix="masks")
        self.stats: StepStats | None = None
        self.failures: list[tuple[int, InvalidRequest]] = []
        self.states: list[HiddenStates] = []

    @property
    def has_work(self) -> bool:
        """Whether :meth:`step` would compute anything."""
        return self.scheduler.has_work

    @property
    def num_requests(self) -> int:
        """Requests that are not finished."""
        return len(self._sequences)

    def add(
        self,
        request: GenerationRequest,
        constraint: Constraint | None = None,
        features: Listing[Features] = (),
    ) -> None:
        """Queue a request, with its compiled grammar if it has one.

        Args:
            request: What to generate.
            constraint: Its compiled grammar.
            features: Of its prompt's spans, in their order.

        Raises:
            InvalidRequest: It can never be served; see :func:`check_request`.
        """
        check_request(request, self._runtime)
        sequence = self.scheduler.add(request, features)
        sequence.constraint = constraint
        self._sequences[request.request_id] = [sequence]

    def cancel(self, request_id: int, choice: int | None = None) -> None:
        """Stop a request, or one choice of it; its blocks are free on return.

        A single choice can be stopped once it has its first token; before, all are one. Unknown ids
        are no error: the request may just have ended.
        """
        for sequence in self._sequences.get(request_id, []).copy():
            if choice in (None, sequence.choice):
                if self._reading and self._reading.reads(sequence):
                    self._reading.logits.result()  # it writes into the blocks until then
                self.scheduler.remove(sequence)
                self._forget(sequence)

    def step(self) -> list[TokenOutput]:
        """Compute one step; the tokens it brought, in the order of arrival.

        Where the runtime can, prompts are read beside the steps of those who are being answered.
        Then a step brings the tokens of what has been read by its end.
        """
        self.stats = None
        self.failures = []
        self.states = []
        self._model_s = 0.0
        begun = time.perf_counter()
        before = self.scheduler.num_preemptions, self.scheduler.num_cached_tokens
        done: list[Chunk] = []
        tokens: list[TokenOutput] = []
        if self._reading and self.scheduler.would_preempt():  # perhaps one that is being read
            done += self._reading.chunks
            tokens += self._finish_reading(self._reading)
        chunks = self.scheduler.schedule(is_reading=self._reading is not None)
        if not self._reading:
            chunks, aside = apart(chunks, self._runtime.max_beside)
            self._reading = Reading.begin(self._runtime, aside) if aside else None
        if chunks:
            done += chunks
            tokens += self._compute(chunks)
        if self._reading and (not chunks or self._reading.logits.done()):
            done += self._reading.chunks
            tokens += self._finish_reading(self._reading)
        if done:
            self.stats = self._measure(done, before, begun)
        return tokens

    def inspect(self) -> list[SequenceState]:
        """Where every sequence stands, running ones first."""
        return [s.inspect() for s in (*self.scheduler.running, *self.scheduler.waiting)]

    def check_integrity(self) -> None:
        """Raise ``AssertionError`` unless the books of engine and scheduler balance."""
        self.scheduler.check_integrity()
        known = {id(s) for sequences in self._sequences.values() for s in sequences}
        queued = [*self.scheduler.running, *self.scheduler.waiting]
        assert known == {id(s) for s in queued if not s.is_read_back}, "a sequence is lost"

    def _compute(self, chunks: Listing[Chunk]) -> list[TokenOutput]:
        """Run the model over the step's chunks, and draw."""
        batch = make_batch(chunks, self._runtime.shape.block_size_tokens)
        masks = self._begin_masks(chunks)
        begun = time.perf_counter()
        logits = self._runtime.step(batch)
        self._model_s += time.perf_counter() - begun
        self.states = take_hidden_states(chunks, self._runtime)
        return self._sample(chunks, logits, masks.result() if masks else {})

    def _finish_reading(self, reading: Reading) -> list[TokenOutput]:
        """Wait for what is read beside the steps, and draw."""
        self._reading = None
        masks = self._begin_masks(reading.chunks)
        begun = time.perf_counter()
        logits = reading.logits.result()
        self._model_s += time.perf_counter() - begun
        return self._sample(reading.chunks, logits, masks.result() if masks else {})

    def _begin_masks(self, chunks: Listing[Chunk]) -> Future[Mapping[Constraint, Mask]] | None:
        """Let the masks of this step's draws be made while the model runs."""
        constraints = [
            chunk.sequence.constraint
            for chunk in chunks
            if chunk.num_rows and chunk.sequence.constraint and not chunk.sequence.has_ended
        ]
        if not constraints:
            return None
        return self._mask_thread.submit(
            lambda: dict(zip(constraints, self._masks.masks(constraints), strict=True))
        )

    def _sample(
        self, chunks: Listing[Chunk], logits: Logits, masks: Mapping[Constraint, Mask]
    ) -> list[TokenOutput]:
        """Note what was computed, report what was forced, and draw where a chunk wants it."""
        outputs: list[TokenOutput] = []
        rows: list[int] = []
        draws: list[Draw] = []
        drawn: list[Sequence] = []
        num_rows = 0
        for chunk in chunks:
            sequence = chunk.sequence
            if self._is_gone(sequence):
                num_rows += chunk.num_rows
                continue
            self.scheduler.computed(chunk)
            if not chunk.num_rows:
                continue
            if sequence.num_forced:
                outputs += self._report_forced(sequence, logits[num_rows:])
            num_rows += chunk.num_rows
            if sequence.has_ended:
                self._end(sequence)
                continue
            if self._is_given_up(sequence):
                continue
            mask = masks[sequence.constraint] if sequence.constraint else None
            for choice in self._sampled(sequence):
                drawn.append(choice)
                draws.append(_draw(choice, mask))
                rows.append(num_rows - 1)
        if not drawn:
            return outputs
        if rows != list(range(len(logits))):
            logits = logits[rows]
        tokens, logprobs = self._sampler.sample(logits, draws)
        for drawing in zip(drawn, tokens, logprobs, strict=True):
            outputs += self._accept(*drawing)
        return outputs

    def _measure(self, chunks: Listing[Chunk], before: tuple[int, int], begun: float) -> StepStats:
        scheduler, pool = self.scheduler, self.scheduler.pool
        decoded = [chunk for chunk in chunks if chunk.is_decode]
        read = [chunk for chunk in chunks if not chunk.is_decode]
        return StepStats(
            num_waiting=len(scheduler.waiting),
            num_running=len(scheduler.running),
            num_decoded_tokens=sum(chunk.num_tokens for chunk in decoded),
            num_fast_forward_tokens=sum(chunk.num_tokens - 1 for chunk in decoded),
            num_prompt_tokens=sum(c.num_tokens for c in read if not c.sequence.is_read_back),
            num_cached_tokens=scheduler.num_cached_tokens - before[1],
            num_warmup_tokens=sum(c.num_tokens for c in read if c.sequence.is_read_back),
            num_preemptions=scheduler.num_preemptions - before[0],
            num_blocks=pool.num_blocks,
            num_held_blocks=pool.num_blocks - pool.num_available,
            num_kept_blocks=pool.num_kept,
            model_s=self._model_s,
            host_s=time.perf_counter() - begun - self._model_s,
        )

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
    ) -> list[TokenOutput]:
        """Append a token that was drawn, and those that its grammar forces behind it."""
        if self._is_gone(sequence):
            return []
        sequence.append(token_id)
        outputs = [_output(sequence, token_id, logprobs)]
        if sequence.constraint:
            sequence.constraint.accept(token_id)
            if self._is_given_up(sequence):
                return []
            outputs += self._take_forced(sequence, sequence.constraint)
        if sequence.has_ended and not sequence.num_forced:
            outputs[-1] = msgspec.structs.replace(outputs[-1], finish=sequence.finish)
            self._end(sequence)
        return outputs

    def _take_forced(self, sequence: Sequence, constraint: Constraint) -> list[TokenOutput]:
        """Append what the grammar forces; reported at once unless log probabilities are wanted."""
        if sequence.has_ended:
            return []
        num_most = sequence.request.params.max_tokens - sequence.num_answer_tokens
        forced = constraint.take_forced(num_most)
        for token_id in forced:
            sequence.append(token_id)
        if sequence.request.params.num_top_logprobs is None:
            return [_output(sequence, token_id) for token_id in forced]
        sequence.num_forced = len(forced)
        return []

    def _report_forced(self, sequence: Sequence, logits: Logits) -> list[TokenOutput]:
        """Forced tokens with the log probabilities that have just been computed."""
        num_forced, sequence.num_forced = sequence.num_forced, 0
        outputs = []
        first = len(sequence.token_ids) - num_forced
        num_top = sequence.request.params.num_top_logprobs or 0
        for row, token_id in zip(logits, sequence.token_ids[first:], strict=False):
            outputs.append(_output(sequence, token_id, logprobs_of(row, token_id, num_top)))
        if outputs and sequence.has_ended:
            outputs[-1] = msgspec.structs.replace(outputs[-1], finish=sequence.finish)
        return outputs

    def _is_given_up(self, sequence: Sequence) -> bool:
        """Give the whole request up if the grammar has become too complex to be followed."""
        error = sequence.constraint.error if sequence.constraint else None
        if error:
            self.failures.append((sequence.request.request_id, error))
            self.cancel(sequence.request.request_id)
        return error is not None

    def _is_gone(self, sequence: Sequence) -> bool:
        """Whether another choice has had its whole request given up in this very step."""
        return not sequence.is_read_back and sequence.request.request_id not in self._sequences

    def _end(self, sequence: Sequence) -> None:
        self.scheduler.finish(sequence)
        self._forget(sequence)

    def _forget(self, sequence: Sequence) -> None:
        sequences = self._sequences[sequence.request.request_id]
        sequences.remove(sequence)
        if not sequences:
            del self._sequences[sequence.request.request_id]


def _output(
    sequence: Sequence, token_id: int, logprobs: TokenLogprobs | None = None
) -> TokenOutput:
    return TokenOutput(
        request_id=sequence.request.request_id,
        choice=sequence.choice,
        token_id=token_id,
        num_cached_tokens=sequence.num_cached_tokens or 0,
        logprobs=logprobs,
    )


def _draw(sequence: Sequence, mask: Mask | None) -> Draw:
    return Draw(
        sequence.request.params, sequence.counts, sequence.choice, sequence.num_answer_tokens, mask
    )
