"""Whether memory stays flat: ``python -m benchmarks.soak [--num 20000] [--out FILE]``.

Starts a server on the built-in model, sends it many small requests of every kind (streamed, unary,
several choices, with stop strings, abandoned), and records the memory of its two processes. The
first tenth is a warm-up, which fills the cache: pages count as resident only once they have been
written, so the cache is small here.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import report
from tests.server import KEY, RunningServer, chat, running_server

_PATH = "/v1/chat/completions"
_CONCURRENCY = 16
_PAGE_KIB = 4
_CACHE = {"PALAVER_CACHE_GIB": "0.02"}


def resident_kib(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB


def body(rng: random.Random) -> dict[str, Any]:
    """A small request of a random kind."""
    words = " ".join(rng.choice(("river", "stone", "bird", "cloud", "7", "红")) for _ in range(9))
    return chat(
        words,
        max_tokens=rng.randint(1, 12),
        temperature=rng.choice((0, 1, 1.5)),
        seed=rng.randrange(2**32),
        n=rng.choice((1, 1, 1, 3)),
        stream=rng.random() < 0.5,
        stop=rng.choice((None, " ", ["a", "的"])),
    )


async def send(client: httpx.AsyncClient, request: dict[str, Any], is_abandoned: bool) -> None:
    """Send one request; an abandoned one is dropped after its first bytes."""
    async with client.stream("POST", _PATH, json=request) as response:
        response.raise_for_status()
        async for _ in response.aiter_bytes():
            if is_abandoned:
                return


async def soak(server: RunningServer, num_requests: int) -> dict[str, Any]:
    """Send the requests; returns the memory of both processes after the warm-up and at the end."""
    rng = random.Random(0)
    pids = {"server": server.process.pid, "engine": server.engine_pids()[0]}
    samples: list[dict[str, int]] = []
    limits = httpx.Limits(max_connections=_CONCURRENCY)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        base_url=server.url, headers=headers, limits=limits, timeout=60
    ) as client:
        for begin in range(0, num_requests, num_requests // 20):
            gate = asyncio.Semaphore(_CONCURRENCY)

            async def one(request: dict[str, Any], is_abandoned: bool, gate: Any = gate) -> None:
                async with gate:
                    await send(client, request, is_abandoned)

            batch = range(begin, min(begin + num_requests // 20, num_requests))
            await asyncio.gather(*(one(body(rng), rng.random() < 0.05) for _ in batch))
            samples.append({name: resident_kib(pid) for name, pid in pids.items()})
    warm, last = samples[1], samples[-1]
    return {
        "requests": num_requests,
        "resident MiB after warm-up": {k: round(v / 1024, 1) for k, v in warm.items()},
        "resident MiB at the end": {k: round(v / 1024, 1) for k, v in last.items()},
        "growth": {k: round(last[k] / warm[k] - 1, 4) for k in pids},
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), environment=_CACHE) as server,
    ):
        summary = asyncio.run(soak(server, options.num))
    report(summary, options.out)


if __name__ == "__main__":
    main()
