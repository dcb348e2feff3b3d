from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from palaver.bench.client import Client
from palaver.bench.load import Load, run_level
from palaver.bench.measurement import Failure, Measurement
from palaver.bench.workload import LengthRange, Workload

WORKLOAD = Workload(model="m", prompt_tokens=LengthRange(16, 16), output_tokens=4)


class Server(Client):
    """Answers after ``pause_s``, and records its requests."""

    def __init__(self, pause_s: float = 0.0, failure: Failure | None = None) -> None:
        self.prompts: list[str] = []
        self.sent_s: list[float] = []
        self.num_in_flight = 0
        self.max_in_flight = 0
        self._pause_s = pause_s
        self._failure = failure

    async def send(self, body: dict[str, Any], due_s: float | None = None) -> Measurement:
        begun_s = time.perf_counter()
        self.sent_s.append(begun_s)
        self.prompts.append(body["messages"][0]["content"])
        self.num_in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.num_in_flight)
        await asyncio.sleep(self._pause_s)
        self.num_in_flight -= 1
        return Measurement(
            begun_s=begun_s if due_s is None else due_s,
            ended_s=time.perf_counter(),
            failure=self._failure,
        )


def run(server: Server, load: Load) -> list[Measurement]:
    return asyncio.run(run_level(server, WORKLOAD, load))


@pytest.mark.parametrize("arrival_rate", [None, 100_000.0])
def test_as_many_requests_are_in_flight_as_asked_for_and_never_more(
    arrival_rate: float | None,
) -> None:
    server = Server(0.002)
    load = Load(concurrency=4, num_requests=18, arrival_rate=arrival_rate)
    assert len(run(server, load)) == 18
    assert server.max_in_flight == 4


def test_every_prompt_is_asked_once_and_warmup_is_not_measured() -> None:
    server = Server()
    measurements = run(server, Load(concurrency=3, num_requests=10, num_warmup=2))
    assert len(measurements) == 10
    assert len(server.prompts) == len(set(server.prompts)) == 12
    assert server.prompts[2:] == [WORKLOAD.prompt("3", index) for index in range(10)]


def test_duration_ends_the_level_but_awaits_what_is_in_flight() -> None:
    server = Server(0.005)
    measurements = run(server, Load(concurrency=2, duration_s=0.05))
    assert len(measurements) == len(server.prompts) >= 2
    assert server.num_in_flight == 0


def test_failures_do_not_stop_the_level() -> None:
    failure = Failure("HTTP 500", "")
    measurements = run(Server(failure=failure), Load(concurrency=2, num_requests=5))
    assert [measured.failure for measured in measurements] == [failure] * 5


def test_no_request_is_sent_before_it_arrives() -> None:
    server = Server()
    load = Load(concurrency=4, num_requests=20, arrival_rate=1000.0)
    measurements = run(server, load)
    for measured, sent_s in zip(measurements, server.sent_s, strict=True):
        assert measured.begun_s <= sent_s


def test_waiting_for_a_free_place_counts_against_a_slow_server() -> None:
    # All arrive at almost the same time, but one at a time is let through.
    load = Load(concurrency=1, num_requests=5, arrival_rate=1e6)
    measurements = run(Server(0.01), load)
    totals = [measured.total_s for measured in measurements]
    assert totals == sorted(totals)
    assert totals[-1] > 4 * 0.01


def test_arrivals_follow_the_seed_and_have_the_mean_rate() -> None:
    def gaps(seed: int) -> list[float]:
        workload = Workload(model="m", prompt_tokens=LengthRange(1, 1), output_tokens=1, seed=seed)
        load = Load(concurrency=1, num_requests=400, arrival_rate=1e5)
        measurements = asyncio.run(run_level(Server(), workload, load))
        due = [measured.begun_s for measured in measurements]
        return [round(after - due[0], 7) for after in due]

    assert gaps(0) == pytest.approx(gaps(0), abs=1e-6)
    assert gaps(0) != pytest.approx(gaps(1), abs=1e-6)
    assert gaps(0)[-1] == pytest.approx(399 / 1e5, rel=0.25)
