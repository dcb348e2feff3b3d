"""Statistics of a step, and states of sequences."""

from __future__ import annotations

import msgspec


class StepStats(msgspec.Struct, frozen=True, array_like=True):
    """The figures of one step.

    Attributes:
        num_waiting: Sequences that wait to join the batch.
        num_running: Sequences in the batch.
        num_decoded_tokens: Generated tokens that the step computed.
        num_fast_forward_tokens: How many of them were fast-forwarded by a grammar.
        num_prompt_tokens: Prompt tokens that it computed for requests.
        num_cached_tokens: Prompt tokens of requests admitted by it that the cache already held.
        num_warmup_tokens: Tokens of finished conversations that it computed for the cache.
        num_preemptions: Sequences that lost their blocks.
        num_blocks: Cache blocks in all.
        num_held_blocks: Cache blocks that sequences hold.
        num_kept_blocks: Cache blocks that no sequence holds but whose content can be reused.
        model_s: Seconds spent in the model.
        host_s: Seconds spent on everything else: scheduling, sampling, bookkeeping.
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
    """The state of one sequence, for ``/debug/engines``.

    Attributes:
        request_id: Id of its request in the engine.
        choice: Which of the request's choices it is.
        state: ``waiting``, ``prefill``, ``decode``, ``preempted`` or ``warm-up``.
        num_prompt_tokens: Length of its prompt.
        num_cached_tokens: How many of them the cache held on admission.
        num_computed_tokens: Tokens whose keys and values are in the cache.
        num_answer_tokens: Tokens generated so far.
        num_blocks: Cache blocks it holds, shared ones included.
        account: Id of the API key that the request came with.
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
