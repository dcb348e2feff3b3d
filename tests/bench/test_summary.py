from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.bench.measurement import Failure, Measurement, Usage
from palaver.bench.summary import Percentiles, Summary

finite = st.floats(0, 1e6, allow_nan=False)


def measurement(
    begun_s: float, ended_s: float, *content_at_s: float, usage: Usage | None = None
) -> Measurement:
    return Measurement(
        begun_s=begun_s, ended_s=ended_s, content_at_s=content_at_s, usage=usage, failure=None
    )


def failed(kind: str, message: str = "") -> Measurement:
    return Measurement(begun_s=0.0, ended_s=0.1, failure=Failure(kind, message))


@given(st.lists(finite, min_size=2, max_size=50))
def test_percentiles_interpolate_as_the_standard_library_does(values: list[float]) -> None:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    percentiles = Percentiles.of(values)
    assert percentiles is not None
    assert percentiles.p50 == pytest.approx(cuts[49])
    assert percentiles.p90 == pytest.approx(cuts[89])
    assert percentiles.p99 == pytest.approx(cuts[98])
    assert percentiles.mean == pytest.approx(statistics.fmean(values))


def test_percentiles_of_one_value_are_that_value_and_of_none_are_none() -> None:
    assert Percentiles.of([4.0]) == Percentiles(4.0, 4.0, 4.0, 4.0)
    assert Percentiles.of([]) is None


def test_times_of_a_request_count_from_when_it_was_due() -> None:
    measured = measurement(10.0, 12.0, 10.5, 10.75, 11.75, usage=Usage(8, 6))
    assert measured.total_s == 2.0
    assert measured.time_to_first_token_s == 0.5
    assert measured.inter_token_s == [0.25, 1.0]
    assert measured.time_per_output_token_s == 0.25  # five tokens after the first, in 1.25 s


def test_request_without_stream_has_a_total_only() -> None:
    measured = measurement(1.0, 3.0, usage=Usage(8, 6))
    assert measured.total_s == 2.0
    assert measured.time_to_first_token_s is None
    assert measured.inter_token_s == []
    assert measured.time_per_output_token_s is None


def test_rates_are_of_the_time_from_the_first_request_to_the_last_answer() -> None:
    summary = Summary.of(
        2,
        4,
        [
            measurement(10.0, 13.0, 11.0, 12.0, usage=Usage(30, 4, 10)),
            measurement(10.0, 12.0, 11.0, 11.5, usage=Usage(20, 3)),
            measurement(12.0, 14.0, 13.0, usage=Usage(50, 1)),
        ],
    )
    assert summary.elapsed_s == 4.0
    assert summary.requests_per_s == 0.75
    assert summary.output_tokens_per_s == 2.0
    assert summary.total_tokens_per_s == 27.0
    assert (summary.prompt_tokens, summary.cached_tokens, summary.output_tokens) == (100, 10, 8)
    assert summary.num_shorter == 2
    assert summary.time_to_first_token_s == Percentiles.of([1.0, 1.0, 1.0])
    assert summary.inter_token_s == Percentiles.of([1.0, 0.5])
    assert summary.end_to_end_s == Percentiles.of([3.0, 2.0, 2.0])


def test_failures_are_counted_by_kind_and_not_in_rates() -> None:
    slow = measurement(0.0, 4.0, 2.0, usage=Usage(8, 6))
    fast = [failed("HTTP 429", "first"), failed("timeout", "late"), failed("HTTP 429", "second")]
    summary = Summary.of(4, 6, [*fast, slow])
    assert (summary.num_succeeded, summary.num_failed, summary.num_requests) == (1, 3, 4)
    assert summary.failures == {"HTTP 429": 2, "timeout": 1}
    assert summary.failure_examples == {"HTTP 429": "first", "timeout": "late"}
    assert summary.requests_per_s == 0.25
    assert summary.end_to_end_s == Percentiles.of([4.0])


def test_without_usage_events_are_counted_and_the_lack_is_told() -> None:
    summary = Summary.of(1, 2, [measurement(0.0, 1.0, 0.5, 0.75)])
    assert summary.num_without_usage == 1
    assert summary.output_tokens == 2
    assert summary.prompt_tokens == 0


@pytest.mark.parametrize("measurements", [[], [failed("connect")]])
def test_level_without_success_has_no_latencies(measurements: list[Measurement]) -> None:
    summary = Summary.of(1, 2, measurements)
    assert summary.num_succeeded == 0
    assert summary.output_tokens_per_s == 0.0
    assert summary.end_to_end_s is None
    assert summary.time_to_first_token_s is None
