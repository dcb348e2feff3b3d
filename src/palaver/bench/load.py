"""When requests are sent: at a fixed concurrency, or at random arrival times."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from palaver.bench.client import Client
from palaver.bench.measurement import Measurement
from palaver.bench.workload import Workload

_now = time.perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One level of load.

    Attributes:
        concurrency: Most requests in flight.
        num_requests: Requests in all; ``None`` if a duration ends the level.
        duration_s: Seconds after which no more are sent; those in flight are awaited.
        arrival_rate: Mean arrivals per second, a Poisson process; ``None`` sends a request as soon
            as another ends.
        num_warmup: Requests sent before that are not measured.
    """

    concurrency: int
    num_requests: int | None = None
    duration_s: float | None = None
    arrival_rate: float | None = None
    num_warmup: int = 0


async def run_level(
    client: Client,
    workload: Workload,
    load: Load,
    on_measured: Callable[[Measurement], None] = lambda _: None,
) -> list[Measurement]:
    """The measurements of a level, in the order in which they ended.

    With an arrival rate, a request that finds ``concurrency`` others in flight waits, and its times
    count from its arrival: so delays of a slow server are
    measured in full, rather than hidden by sending fewer requests.
    """
    series = f"{load.concurrency}"
    for index in range(load.num_warmup):
        await client.send(workload.body(f"{series}/warmup", index))
    measurements: list[Measurement] = []
    arrivals = _arrivals(load, workload.seed)

    async def work() -> None:
        for index, due_s in arrivals:
            body = workload.body(series, index)
            if due_s is not None and (wait_s := due_s - _now()) > 0:
                await asyncio.sleep(wait_s)
            measurement = await client.send(body, due_s)
            measurements.append(measurement)
            on_measured(measurement)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(load.concurrency):
            tasks.create_task(work())
    return measurements


def _arrivals(load: Load, seed: int) -> Iterator[tuple[int, float | None]]:
    """Index and due time of each request; without a rate, it is due at once."""
    begun_s = due_s = _now()
    gaps = random.Random(f"{seed}/arrivals/{load.concurrency}")
    index = 0
    while load.num_requests is None or index < load.num_requests:
        if load.arrival_rate is not None:
            due_s += gaps.expovariate(load.arrival_rate)
        else:
            due_s = _now()
        if load.duration_s is not None and due_s - begun_s >= load.duration_s:
            return
        yield index, due_s if load.arrival_rate is not None else None
        index += 1
