"""What a step's tokens do to the unfinished requests: append, report, finish."""

from __future__ import annotations

import msgspec

from palaver.engine.grammar.constraint import Constraint
from palaver.engine.result import Failure, Output
from palaver.engine.sampling.penalties import TokenCounts
from palaver.engine.sampling.sampler import logprobs_of
from palaver.engine.scheduler import Scheduler
from palaver.engine.sequence import Sequence, Status
from palaver.generation.output import TokenLogprobs, TokenOutput
from palaver.runtime.base import Logits


class OutputProcessor:
    """The unfinished sequences by request and choice; appends their tokens and ends them.

    Args:
        scheduler: Gets told which sequences have ended.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._sequences: dict[int, dict[int, Sequence]] = {}

    def __len__(self) -> int:
        """Requests that are not finished."""
        return len(self._sequences)

    def add(self, sequence: Sequence) -> None:
        """Register a sequence that the scheduler has queued or forked."""
        self._sequences.setdefault(sequence.request.request_id, {})[sequence.choice] = sequence

    def cancel(self, request_id: int, choice: int | None) -> None:
        """End a request, or one choice of it, without a last token. Unknown ids are no error."""
        for sequence in list(self._sequences.get(request_id, {}).values()):
            if choice in (None, sequence.choice):
                self._scheduler.remove(sequence)
                self._forget(sequence)

    def report_computed(self, sequence: Sequence, logits: Logits) -> list[Output]:
        """Report fast-forward tokens whose logits a step has computed, and end a complete sequence.

        Args:
            sequence: A sequence for which the step computed logits.
            logits: ``float32[N, V]``, its rows.

        Returns:
            The tokens, or the failure of the request. Unless the sequence has finished, it
            continues with a sampled token.
        """
        if sequence.status is Status.FINISHED:  # another choice made the request fail
            return []
        if sequence.num_unreported:
            tokens = _fast_forwarded(sequence, logits)
            if sequence.finish:
                self._end(sequence)
                return [*tokens]
            return [*tokens, *self._failure(sequence)]
        return self._failure(sequence)

    def begin_choices(self, sequence: Sequence) -> list[Sequence]:
        """The choices to sample from its last row; right after the prompt, all are forked."""
        if sequence.num_answer_tokens:
            return [sequence]
        if sequence.request.params.has_penalties:
            sequence.counts = TokenCounts(sequence.token_ids)
        others = self._scheduler.fork(sequence)
        for other in others:
            self.add(other)
        return [sequence, *others]

    def append(
        self, sequence: Sequence, token_id: int, logprobs: TokenLogprobs | None
    ) -> list[Output]:
        """Append a sampled token, and those that its grammar fast-forwards behind it.

        Args:
            sequence: The sequence that gets it.
            token_id: The token.
            logprobs: Its log probabilities, if they are wanted.

        Returns:
            The tokens, or the failure of the request.
        """
        if sequence.status is Status.FINISHED:
            return []
        sequence.append(token_id)
        tokens = [_output(sequence, token_id, logprobs)]
        if sequence.constraint:
            sequence.constraint.accept(token_id)
            if failure := self._failure(sequence):
                return failure
            tokens += _fast_forward(sequence, sequence.constraint)
        finish = sequence.finish
        if finish and not sequence.num_unreported:
            tokens[-1] = msgspec.structs.replace(tokens[-1], finish=finish)
            self._end(sequence)
        return [*tokens]

    def check_integrity(self) -> None:
        """Raise ``AssertionError`` unless these are exactly the scheduler's sequences."""
        known = {id(s) for choices in self._sequences.values() for s in choices.values()}
        queued = [*self._scheduler.running, *self._scheduler.waiting]
        expected = {id(s) for s in queued if s.status is not Status.WARMUP}
        assert known == expected, "a sequence is lost"

    def _failure(self, sequence: Sequence) -> list[Output]:
        """The failure of the whole request, if its grammar has become too complex."""
        error = sequence.constraint.error if sequence.constraint else None
        if error is None:
            return []
        self.cancel(sequence.request.request_id, None)
        return [Failure(sequence.request.request_id, error)]

    def _end(self, sequence: Sequence) -> None:
        self._scheduler.finish(sequence)
        self._forget(sequence)

    def _forget(self, sequence: Sequence) -> None:
        choices = self._sequences[sequence.request.request_id]
        del choices[sequence.choice]
        if not choices:
            del self._sequences[sequence.request.request_id]


def _fast_forward(sequence: Sequence, constraint: Constraint) -> list[TokenOutput]:
    """Append the fast-forward tokens; returns them to be reported unless logprobs are wanted."""
    if sequence.finish:
        return []
    max_tokens = sequence.request.params.max_tokens - sequence.num_answer_tokens
    token_ids = constraint.fast_forward(max_tokens)
    for token_id in token_ids:
        sequence.append(token_id)
    if sequence.request.params.num_top_logprobs is None:
        return [_output(sequence, token_id) for token_id in token_ids]
    sequence.num_unreported = len(token_ids)
    return []


def _fast_forwarded(sequence: Sequence, logits: Logits) -> list[TokenOutput]:
    """The unreported tokens with the log probabilities that have just been computed."""
    first = len(sequence.token_ids) - sequence.num_unreported
    sequence.num_unreported = 0
    num_top = sequence.request.params.num_top_logprobs or 0
    tokens = [
        _output(sequence, token_id, logprobs_of(row, token_id, num_top))
        for row, token_id in zip(logits, sequence.token_ids[first:], strict=False)
    ]
    if finish := sequence.finish:
        tokens[-1] = msgspec.structs.replace(tokens[-1], finish=finish)
    return tokens


def _output(
    sequence: Sequence, token_id: int, logprobs: TokenLogprobs | None = None
) -> TokenOutput:
    return TokenOutput(
        request_id=sequence.request.request_id,
        choice=sequence.choice,
        token_id=token_id,
        num_cached_tokens=sequence.num_cached_tokens,
        logprobs=logprobs,
    )
