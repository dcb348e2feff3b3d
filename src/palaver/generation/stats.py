"""What one step did, for metrics and for people who look."""

from __future__ import annotations

import msgspec


class StepStats(msgspec.Struct, frozen=True, array_like=True):
    """One step in figures.

    Attributes:
        num_waiting: Sequences that wait for a place in the batch.
        num_running: Sequences in the batch.
        num_decoded_tokens: Generated tokens that the step computed.
        num_fast_forward_tokens: How many of them a grammar had forced, so that no step was needed.
        num_prompt_tokens: Prompt tokens that it computed for requests.
        num_cached_tokens: Prompt tokens of requests admitted by it that the cache already held.
        num_warmup_tokens: Tokens of finished conversations that it computed for the cache.
        num_preemptions: Sequences that had to give up their blocks.
        num_blocks: Cache blocks in all.
        num_held_blocks: Cache blocks that sequences hold.
        num_kept_blocks: Cache blocks that nobody holds but whose content may serve again.
        model_s: Seconds spent in the model.
        host_s: Seconds spent on everything else: scheduling, sampling, books.
    """

    num_waiting: int
    num_running: int
    num_decoded_tokens: int
    num_fast_forward_tokens: int
    num_prompt_tokens: int
    num_cached_tokens: int
    num_warmup_tokens: int
    num_preemptions: int
    num_blocks: int
    num_held_blocks: int
    num_kept_blocks: int
    model_s: float
    host_s: float


class SequenceState(msgspec.Struct, frozen=True, array_like=True):
    """Where one sequence stands, for people who look.

    Attributes:
        request_id: Of its request, within the engine.
        choice: Which of the request's choices it is.
        state: ``waiting``, ``prefill``, ``decode``, ``preempted`` or ``warm-up``.
        num_prompt_tokens: Length of its prompt.
        num_cached_tokens: How many of them the cache held on admission.
        num_computed_tokens: Tokens whose keys and values are in the cache.
        num_answer_tokens: Tokens generated so far.
        num_blocks: Cache blocks it holds, shared ones included.
        account: Who asked, by the id of the API key.
    """

    request_id: int
    choice: int
    state: str
    num_prompt_tokens: int
    num_cached_tokens: int
    num_computed_tokens: int
    num_answer_tokens: int
    num_blocks: int
    account: str = ""
