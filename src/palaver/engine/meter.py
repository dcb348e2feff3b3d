"""The statistics of one step."""

from __future__ import annotations

import time
from collections.abc import Iterable

from palaver.engine.chunk import Chunk
from palaver.engine.scheduler import Scheduler
from palaver.engine.sequence import Status
from palaver.generation.stats import StepStats


class StepMeter:
    """Measures one step, from the meter's construction to :meth:`stats`.

    Args:
        scheduler: Has not planned the step yet.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._num_preemptions = scheduler.num_preemptions
        self._num_cached_tokens = scheduler.num_cached_tokens
        self._begun_s = time.perf_counter()

    def stats(self, chunks: Iterable[Chunk], model_s: float) -> StepStats:
        """The statistics of the step that has just ended.

        Args:
            chunks: What it computed.
            model_s: Seconds that the model took.
        """
        nums_tokens = dict.fromkeys(Status, 0)
        num_fast_forward_tokens = 0
        for chunk in chunks:
            nums_tokens[chunk.kind] += chunk.num_tokens
            if chunk.kind is Status.DECODE:
                num_fast_forward_tokens += chunk.num_tokens - 1
        scheduler, pool = self._scheduler, self._scheduler.pool
        return StepStats(
            num_waiting=len(scheduler.waiting),
            num_running=len(scheduler.running),
            num_decoded_tokens=nums_tokens[Status.DECODE],
            num_fast_forward_tokens=num_fast_forward_tokens,
            num_prompt_tokens=nums_tokens[Status.PREFILL],
            num_cached_tokens=scheduler.num_cached_tokens - self._num_cached_tokens,
            num_warmup_tokens=nums_tokens[Status.WARMUP],
            num_preemptions=scheduler.num_preemptions - self._num_preemptions,
            num_blocks=pool.num_blocks,
            num_held_blocks=pool.num_blocks - pool.num_available,
            num_kept_blocks=pool.num_kept,
            model_s=model_s,
            host_s=time.perf_counter() - self._begun_s - model_s,
        )
