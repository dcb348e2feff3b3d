"""The aggregated results of a level of load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

import msgspec
import numpy as np

from palaver.bench.measurement import Measurement


class Percentiles(msgspec.Struct, frozen=True):
    """The distribution of values; percentiles between two values are interpolated."""

    p50: float
    p90: float
    p99: float
    mean: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Percentiles | None:
        """``None`` if there are no values."""
        if not values:
            return None
        p50, p90, p99 = np.percentile(values, (50, 90, 99)).tolist()
        return cls(p50, p90, p99, float(np.mean(values)))


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a level of load.

    Rates and latencies are of the requests that succeeded; failed ones are counted separately.
    ``elapsed_s`` runs from the first request to the end of the last answer. ``num_shorter`` counts
    answers with fewer tokens than asked for, ``num_without_content`` those without an event that
    has content: without streaming, all.
    """

    concurrency: int
    num_succeeded: int
    num_failed: int
    failures: dict[str, int]
    failure_examples: dict[str, str]
    elapsed_s: float
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    num_shorter: int
    num_without_usage: int
    num_without_content: int
    requests_per_s: float
    output_tokens_per_s: float
    total_tokens_per_s: float
    time_to_first_token_s: Percentiles | None
    inter_token_s: Percentiles | None
    time_per_output_token_s: Percentiles | None
    end_to_end_s: Percentiles | None

    @classmethod
    def of(
        cls, concurrency: int, max_output_tokens: int, measurements: Sequence[Measurement]
    ) -> Self:
        """The summary of a level's measurements."""
        succeeded = [m for m in measurements if m.failure is None]
        failures = [m.failure for m in measurements if m.failure is not None]
        elapsed_s = _elapsed_s(measurements)
        usages = [m.usage for m in succeeded if m.usage is not None]
        prompt_tokens = sum(usage.prompt_tokens for usage in usages)
        output_tokens = sum(m.num_output_tokens for m in succeeded)

        def per_s(amount: int) -> float:
            return amount / elapsed_s if elapsed_s > 0 else 0.0

        return cls(
            concurrency=concurrency,
            num_succeeded=len(succeeded),
            num_failed=len(failures),
            failures=dict(Counter(failure.kind for failure in failures).most_common()),
            # Of each kind the first, hence the reversal.
            failure_examples={failure.kind: failure.message for failure in reversed(failures)},
            elapsed_s=elapsed_s,
            prompt_tokens=prompt_tokens,
            cached_tokens=sum(usage.cached_tokens for usage in usages),
            output_tokens=output_tokens,
            num_shorter=sum(usage.output_tokens < max_output_tokens for usage in usages),
            num_without_usage=len(succeeded) - len(usages),
            num_without_content=sum(not m.content_at_s for m in succeeded),
            requests_per_s=per_s(len(succeeded)),
            output_tokens_per_s=per_s(output_tokens),
            total_tokens_per_s=per_s(prompt_tokens + output_tokens),
            time_to_first_token_s=_spread(m.time_to_first_token_s for m in succeeded),
            inter_token_s=_spread(gap for m in succeeded for gap in m.inter_token_s),
            time_per_output_token_s=_spread(m.time_per_output_token_s for m in succeeded),
            end_to_end_s=_spread(m.total_s for m in succeeded),
        )

    @property
    def num_requests(self) -> int:
        """Number of all requests."""
        return self.num_succeeded + self.num_failed


def _elapsed_s(measurements: Sequence[Measurement]) -> float:
    if not measurements:
        return 0.0
    return max(m.ended_s for m in measurements) - min(m.begun_s for m in measurements)


def _spread(values: Iterable[float | None]) -> Percentiles | None:
    return Percentiles.of([value for value in values if value is not None])
