from __future__ import annotations

from palaver.bench.image import image, panels
from palaver.bench.measurement import Failure, Usage
from tests.bench.records import record


def test_panels_hold_the_numbers_of_the_table_in_the_unit_of_their_titles() -> None:
    throughput, first, between, total = panels([record(c, usage=Usage(9, 16)) for c in (1, 8, 32)])
    assert throughput.categories == ["1", "8", "32"]
    assert throughput.is_bars
    assert first.title == "Time to first token (ms)"
    name, values = first.series[0]
    assert name == "p50"
    assert [round(value) for value in values if value] == [50, 400, 1600]
    assert between.title == "Between tokens (ms)"
    assert total.title == "End to end (s)"
    assert [name for name, _ in total.series] == ["p50", "p90", "p99"]


def test_latencies_that_were_not_measured_are_absent_not_zero() -> None:
    throughput, first, between, total = panels([record(1, is_streamed=False, usage=Usage(9, 16))])
    assert first.maximum is None
    assert between.maximum is None
    assert total.maximum is not None
    assert throughput.maximum is not None


def test_failed_requests_are_shown_under_the_axis() -> None:
    good = record(1, usage=Usage(9, 16))
    bad = record(8, num_succeeded=0, failures=(Failure("timeout", ""),) * 2)
    throughput, *_ = panels([good, bad])
    assert throughput.categories == ["1", "8 (2 failed)"]
    assert throughput.series[0][1][1] is None


def test_chart_can_be_drawn_of_any_run() -> None:
    failed = record(4, num_succeeded=0, failures=(Failure("timeout", ""),))
    crowded = [record(c, usage=Usage(9, 16)) for c in range(1, 13)]
    for records in ([failed], [failed, record(8, num_shared=64, arrival_rate=2.0)], crowded):
        drawn = image(records)
        assert drawn.size == (1280, 900)
        assert len(drawn.getcolors(1 << 20) or ()) > 2
