"""Records as a benchmark run writes them."""

from __future__ import annotations

import datetime

from palaver.bench.load import Load
from palaver.bench.measurement import Failure, Measurement, Usage
from palaver.bench.run import Record
from palaver.bench.summary import Summary
from palaver.bench.workload import LengthRange, Workload


def record(
    concurrency: int,
    *,
    num_succeeded: int = 10,
    failures: tuple[Failure, ...] = (),
    usage: Usage | None = None,
    is_streamed: bool = True,
    has_content: bool = True,
    arrival_rate: float | None = None,
    num_shared: int = 0,
) -> Record:
    workload = Workload(
        model="some/model",
        prompt_tokens=LengthRange(128, 256),
        output_tokens=16,
        shared_prefix_tokens=num_shared,
        is_streamed=is_streamed,
    )
    times = [1 + 0.05 * concurrency + 0.01 * i for i in range(16)]
    measurements = [
        Measurement(
            begun_s=1.0,
            ended_s=1.5 + 0.1 * concurrency + 0.01 * i,
            content_at_s=tuple(times) if is_streamed and has_content else (),
            usage=usage,
        )
        for i in range(num_succeeded)
    ]
    measurements += [Measurement(begun_s=1.0, ended_s=1.1, failure=f) for f in failures]
    return Record(
        begun_at=datetime.datetime(2025, 1, 2, 3, 4, tzinfo=datetime.UTC),
        url="http://127.0.0.1:8000/v1",
        timeout_s=600.0,
        workload=workload,
        load=Load(
            concurrency=concurrency, num_requests=len(measurements), arrival_rate=arrival_rate
        ),
        summary=Summary.of(concurrency, workload.output_tokens, measurements),
    )
