"""The engine's step: schedule, run, sample, report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from palaver.engine.checks import check_request
from palaver.engine.chunk import Chunk
from palaver.engine.defaults import DEFAULT_MAX_RUNNING, DEFAULT_MAX_STEP_TOKENS
from palaver.engine.grammar.constraint import Constraint
from palaver.engine.meter import StepMeter
from palaver.engine.model_runner import ModelRun, ModelRunner
from palaver.engine.output_processor import OutputProcessor
from palaver.engine.policy import FirstComeFirstServed, QueuePolicy
from palaver.engine.result import Output, StepResult
from palaver.engine.sampling.kernels import kernels_for
from palaver.engine.sampling.sampler import Sampler, SampleRow
from palaver.engine.scheduler import Scheduler
from palaver.engine.sequence import Sequence, Status
from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState
from palaver.runtime.base import Features, Runtime


class Engine:
    """Generates for any number of requests at once over one runtime. Not thread-safe.

    Args:
        runtime: The loaded model.
        policy: Decides the order of sequences; first come, first served by default.
        max_step_tokens: Tokens of one step, prefill included.
        max_running: Sequences in one step.
        num_threads: Threads that sample; 0 means one for each core.

    Attributes:
        scheduler: Holds the sequences and their cache blocks.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        policy: QueuePolicy | None = None,
        max_step_tokens: int = DEFAULT_MAX_STEP_TOKENS,
        max_running: int = DEFAULT_MAX_RUNNING,
        num_threads: int = 0,
    ) -> None:
        self._runtime = runtime
        self._runner = ModelRunner(runtime)
        self._sampler = Sampler(kernels_for(runtime.shape.vocab_size, num_threads))
        self.scheduler = Scheduler(
            runtime,
            FirstComeFirstServed() if policy is None else policy,
            num_blocks=runtime.shape.num_blocks,
            block_size=runtime.shape.block_size_tokens,
            max_step_tokens=max_step_tokens,
            max_running=max_running,
        )
        self._outputs = OutputProcessor(self.scheduler)

    @property
    def has_work(self) -> bool:
        """Whether :meth:`step` would compute anything."""
        return self.scheduler.has_work

    @property
    def num_requests(self) -> int:
        """Requests that are not finished."""
        return len(self._outputs)

    def add(
        self,
        request: GenerationRequest,
        constraint: Constraint | None = None,
        features: Iterable[Features] = (),
    ) -> None:
        """Queue a request.

        Args:
            request: What to generate.
            constraint: Its compiled grammar, if it has one.
            features: Of its prompt's media, in their order.

        Raises:
            InvalidRequest: It can never be served; see :func:`check_request`.
        """
        check_request(request, self._runtime)
        self._outputs.add(self.scheduler.add(request, constraint, features))

    def cancel(self, request_id: int, choice: int | None = None) -> None:
        """Stop a request, or one choice of it; its blocks are free on return.

        A single choice can be stopped once it has its first token; before, all are one. Unknown ids
        are no error: the request may just have ended.
        """
        self._outputs.cancel(request_id, choice)

    def step(self) -> StepResult:
        """Compute one step."""
        meter = StepMeter(self.scheduler)
        chunks = self.scheduler.schedule()
        if not chunks:
            return StepResult()
        run = self._runner.run(chunks)
        self.scheduler.note_computed(chunks)
        outputs = [*self._report_computed(chunks, run), *self._sample(chunks, run)]
        return StepResult.of(outputs, run.hidden_states, meter.stats(chunks, run.model_s))

    def inspect(self) -> list[SequenceState]:
        """The state of every sequence, running ones first."""
        return [s.inspect() for s in (*self.scheduler.running, *self.scheduler.waiting)]

    def check_integrity(self) -> None:
        """Raise ``AssertionError`` unless the states of engine and scheduler are consistent."""
        self.scheduler.check_integrity()
        self._outputs.check_integrity()

    def _report_computed(self, chunks: Iterable[Chunk], run: ModelRun) -> Iterator[Output]:
        """Report tokens whose logits the step has computed, and end complete sequences."""
        for chunk, end in _with_rows(chunks):
            rows = run.logits[end - chunk.num_rows : end]
            yield from self._outputs.report_computed(chunk.sequence, rows)

    def _sample(self, chunks: Iterable[Chunk], run: ModelRun) -> Iterator[Output]:
        """Sample from the rows that need it, and append the tokens to their sequences."""
        wanted = list(self._wanted(chunks, run))
        if not wanted:
            return
        places, sequences, rows = zip(*wanted, strict=True)
        logits = run.logits
        if places != tuple(range(len(logits))):
            logits = logits[list(places)]
        tokens, logprobs = self._sampler.sample(logits, rows)
        for sampled in zip(sequences, tokens, logprobs, strict=True):
            yield from self._outputs.append(*sampled)

    def _wanted(
        self, chunks: Iterable[Chunk], run: ModelRun
    ) -> Iterator[tuple[int, Sequence, SampleRow]]:
        """The rows of logits to sample from: which, for which sequence, and how."""
        for chunk, end in _with_rows(chunks):
            sequence = chunk.sequence
            if sequence.status is Status.FINISHED:
                continue
            mask = run.masks[sequence.constraint] if sequence.constraint else None
            for choice in self._outputs.begin_choices(sequence):
                params, position = choice.request.params, choice.num_answer_tokens
                yield (
                    end - 1,
                    choice,
                    SampleRow(params, choice.counts, choice.choice, position, mask),
                )


def _with_rows(chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, int]]:
    """The chunks that have rows of logits, each with the index after its last row."""
    end = 0
    for chunk in chunks:
        end += chunk.num_rows
        if chunk.num_rows:
            yield chunk, end
