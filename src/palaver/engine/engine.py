"""The engine's step: schedule, run, sample, report."""

from __future__ import annotations

import time
from collections.abc import Mapping
from collections.abc import Sequence as Listing
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from palaver.engine.batch import make_batch
from palaver.engine.grammar import Constraint, Mask, MaskMaker
from palaver.engine.kernels import kernels_for
from palaver.engine.messages import MediaStates, TokenFinish, TokenOutput
from palaver.engine.penalties import TokenCounts
from palaver.engine.reading import Reading, apart
from palaver.engine.request import Array, GenerationRequest
from palaver.engine.sampler import FORBIDDEN, Draw, Sampler, TokenLogprobs, logprobs_of
from palaver.engine.scheduler import Chunk, Scheduler
from palaver.engine.sequence import Sequence
from palaver.engine.stats import SequenceState, StepStats
from palaver.errors import InvalidRequest
from palaver.runtime.base import Features, Logits, Runtime

DEFAULT_MAX_STEP_TOKENS = 512
DEFAULT_MAX_RUNNING = 256


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
        self.states: list[MediaStates] = []

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
            InvalidRequest: Prompt and answer can never fit into the cache together, or
                ``logit_bias`` names a token that there is not, or forbids all, or it wants states
                that the model does not tell.
        """
        shape = self._runtime.shape
        if request.wants_states and not self._runtime.has_states:
            raise InvalidRequest(
                "audio.voice: this model was exported without what its talker needs to speak of "
                "pictures, video and sound; name another voice, or none",
                param="audio.voice",
            )
        _check_bias(request.params.logit_bias, shape.vocab_size)
        num_tokens = len(request.prompt) + request.params.max_tokens
        num_fitting = shape.num_blocks * shape.block_size_tokens
        if num_tokens > num_fitting:
            raise InvalidRequest(
                f"messages: {len(request.prompt)} prompt tokens and up to "
                f"{request.params.max_tokens} more do not fit into a cache of {num_fitting} tokens",
                param="messages",
            )
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
        return [_state(s) for s in (*self.scheduler.running, *self.scheduler.waiting)]

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
        self._note_states(chunks)
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
            if chunk.num_rows and chunk.sequence.constraint and not _has_ended(chunk.sequence)
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
            if _has_ended(sequence):
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

    def _note_states(self, chunks: Listing[Chunk]) -> None:
        """Keep the states of media that were read, for requests that want them, each but once."""
        place = 0
        for chunk in chunks:
            sequence, begin = chunk.sequence, chunk.sequence.num_computed
            end = begin + chunk.num_tokens
            first = max(sequence.num_stated, begin)
            if sequence.request.wants_states and first < sequence.request.prompt.media_end:
                tokens = sequence.request.prompt.media_tokens(first, end) - begin + place
                sequence.num_stated = end
                if len(tokens):
                    rows = Array.of(self._runtime.states(tokens))
                    self.states.append(MediaStates(sequence.request.request_id, rows))
            place += chunk.num_tokens

    def _measure(self, chunks: Listing[Chunk], before: tuple[int, int], begun: float) -> StepStats:
        scheduler, pool = self.scheduler, self.scheduler.pool
        decoded = [chunk for chunk in chunks if chunk.is_decode]
        read = [chunk for chunk in chunks if not chunk.is_decode]
        return StepStats(
            num_waiting=len(scheduler.waiting),
            num_running=len(scheduler.running),
            num_decoded_tokens=sum(chunk.num_tokens for chunk in decoded),
            num_forced_tokens=sum(chunk.num_tokens - 1 for chunk in decoded),
            num_prompt_tokens=sum(c.num_tokens for c in read if not c.sequence.is_read_back),
            num_cached_tokens=scheduler.num_cached_tokens - before[1],
            num_read_back_tokens=sum(c.num_tokens for c in read if c.sequence.is_read_back),
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
        if _has_ended(sequence) and not sequence.num_forced:
            outputs[-1] = msgspec.structs.replace(outputs[-1], finish=_finish(sequence))
            self._end(sequence)
        return outputs

    def _take_forced(self, sequence: Sequence, constraint: Constraint) -> list[TokenOutput]:
        """Append what the grammar forces; reported at once unless log probabilities are wanted."""
        if _has_ended(sequence):
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
        if outputs and _has_ended(sequence):
            outputs[-1] = msgspec.structs.replace(outputs[-1], finish=_finish(sequence))
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


def _state(sequence: Sequence) -> SequenceState:
    return SequenceState(
        request_id=sequence.request.request_id,
        choice=sequence.choice,
        state=sequence.state,
        num_prompt_tokens=sequence.num_prompt_tokens,
        num_cached_tokens=sequence.num_cached_tokens or 0,
        num_computed_tokens=sequence.num_computed,
        num_answer_tokens=sequence.num_answer_tokens,
        num_blocks=len(sequence.block_table),
    )


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


def _has_ended(sequence: Sequence) -> bool:
    return _finish(sequence) is not None


def _finish(sequence: Sequence) -> TokenFinish | None:
    """Why a sequence ends with its last token; ``None`` if it goes on."""
    params = sequence.request.params
    if not sequence.num_answer_tokens:
        return None
    if sequence.token_ids[-1] in params.stop_token_ids:
        return "stop"
    if sequence.constraint and sequence.constraint.is_complete:
        return "stop"
    return "length" if sequence.num_answer_tokens >= params.max_tokens else None


def _check_bias(bias: dict[int, float], vocab_size: int) -> None:
    unknown = next((i for i in bias if not 0 <= i < vocab_size), None)
    if unknown is not None:
        raise InvalidRequest(
            f"logit_bias: names token {unknown}; there are tokens 0 to {vocab_size - 1}",
            param="logit_bias",
        )
    if len(bias) == vocab_size and max(bias.values()) <= FORBIDDEN:
        raise InvalidRequest("logit_bias: forbids every token", param="logit_bias")


def _draw(sequence: Sequence, mask: Mask | None) -> Draw:
    return Draw(
        sequence.request.params, sequence.counts, sequence.choice, sequence.num_answer_tokens, mask
    )
