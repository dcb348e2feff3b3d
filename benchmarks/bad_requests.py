"""Whether the server survives bad requests: ``python -m benchmarks.bad_requests [--num 20000]``.

Starts a server on the built-in model and sends it mutated requests: valid bodies with values
replaced, removed, repeated, wrapped, moved and grown, with damaged bytes, and with other headers,
methods and paths; a twentieth is made by schemathesis from the OpenAPI document. Counts the answers
by status and reports faults: a 5xx, an error without its body, a stream without end, a slow answer,
anything left in the engine, growing memory. The first tenth is a warm-up.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.machine import describe_machine
from benchmarks.report import report
from benchmarks.soak import resident_kib
from tests.robustness.check import fault_of, left_behind, request_of
from tests.robustness.documented import attempts
from tests.robustness.mutations import Attempt, attempt
from tests.server import RunningServer, running_server

_CONCURRENCY = 8
_MAX_FAULTS = 32
_SHARE_OF_DOCUMENT = 20
_SHOWN_BYTES = 2000
_CACHE = {"PALAVER_CACHE_GIB": "0.02"}


@dataclass(slots=True)
class Findings:
    """The results of all requests.

    Attributes:
        statuses: Answers by status; ``none`` where the connection ended without one.
        faults: The faults, each with its request.
        slowest_s: The longest time of an answer.
        slowest: The request of that answer.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[dict[str, Any]] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: Attempt | None = None

    def add(self, tried: Attempt, status: str, fault: str | None, seconds: float) -> None:
        """Count one request."""
        self.statuses[status] += 1
        if fault:
            self.faults.append({"fault": fault, "request": _shown(tried)})
        if seconds > self.slowest_s:
            self.slowest_s, self.slowest = seconds, tried


def _shown(tried: Attempt | None) -> dict[str, Any]:
    if tried is None:
        return {}
    content = tried.content[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    headers = {name: value[:200] for name, value in tried.headers.items()}
    return {
        "method": tried.method,
        "path": tried.path[:200],
        "headers": headers,
        "content": content,
    }


async def send(client: httpx.AsyncClient, tried: Attempt, findings: Findings) -> None:
    """Send one request and record the result."""
    begin_s = time.perf_counter()
    status, fault = "none", None
    try:
        response = await client.send(request_of(client, tried))
        status, fault = str(response.status_code), fault_of(response)
    except (httpx.HTTPError, UnicodeError) as error:
        fault = repr(error)
    findings.add(tried, status, fault, time.perf_counter() - begin_s)


def requests(server: RunningServer, num: int, seed: int) -> list[Attempt]:
    """All requests, in the order in which they are sent."""
    rng = random.Random(seed)
    made = attempts(server.url, num // _SHARE_OF_DOCUMENT, seed)
    made += [attempt(rng) for _ in range(num - len(made))]
    rng.shuffle(made)
    return made


async def send_all(
    server: RunningServer, made: list[Attempt], findings: Findings
) -> list[dict[str, int]]:
    """Send the requests; returns the memory of both processes after each tenth."""
    size = max(len(made) // 10, 1)
    pids = {"server": server.process.pid, "engine": server.engine_pids()[0]}
    samples = []
    gate = asyncio.Semaphore(_CONCURRENCY)
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:

        async def one(tried: Attempt) -> None:
            async with gate:
                # A server that hangs is not tested to the end.
                if len(findings.faults) < _MAX_FAULTS:
                    await send(client, tried, findings)

        for begin in range(0, len(made), size):
            await asyncio.gather(*map(one, made[begin : begin + size]))
            samples.append({name: resident_kib(pid) for name, pid in pids.items()})
    return samples


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    findings = Findings()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), environment=_CACHE) as server,
    ):
        made = requests(server, options.num, options.seed)
        begin_s = time.perf_counter()
        samples = asyncio.run(send_all(server, made, findings))
        seconds = time.perf_counter() - begin_s
        left = left_behind(server)
        log = (Path(folder) / "log").read_text(encoding="utf-8")
    summary = {
        "machine": describe_machine(),
        "requests": len(made),
        "seed": options.seed,
        "seconds": round(seconds, 1),
        "statuses": dict(sorted(findings.statuses.items())),
        "slowest answer, s": round(findings.slowest_s, 3),
        "slowest request": _shown(findings.slowest),
        "faults": findings.faults,
        "left in the engine": left,
        "failures in the log": log.count("Traceback"),
        "resident MiB after each tenth": [_mib(sample) for sample in samples],
    }
    report(summary, options.out)


def _mib(sample: dict[str, int]) -> dict[str, float]:
    return {name: round(kib / 1024, 1) for name, kib in sample.items()}


if __name__ == "__main__":
    main()
