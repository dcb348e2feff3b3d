"""The cost of HTTP: streams through the server against the engine alone, with the same model.

``python -m benchmarks.http FOLDER [--runs 5] [--out FILE]``. Both decode the same number of streams
of 40 tokens in alternating runs; the speed is decoded tokens per second from the moment every
stream had its first token. Each run begins only when the other side has finished its cache warm-up.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.report import report
from benchmarks.sides import Palaver, Timing
from palaver.bench.client import Client
from palaver.bench.measurement import Measurement
from palaver.bench.workload import LengthRange, Workload
from palaver.models.formats import open_files
from tests.server import KEY, RunningServer, running_server

_NAME = "bench/model"
_PROMPT = 32
_ANSWER = 40
_LEVELS = (1, 8, 16)


def speed(num_streams: int, timing: Timing) -> float:
    """Decoded tokens per second."""
    return num_streams * (_ANSWER - 1) / (timing.total_s - timing.first_s)


def over_http(server: RunningServer, num_streams: int, seed: int, stops: tuple[int, ...]) -> Timing:
    """One run of streams through the server that begin together."""
    workload = Workload(
        model=_NAME,
        prompt_tokens=LengthRange(_PROMPT, _PROMPT),
        output_tokens=_ANSWER,
        seed=seed,
        forbidden_token_ids=stops,
    )

    async def ask_all() -> list[Measurement]:
        async with Client(f"{server.url}/v1", KEY, concurrency=num_streams) as client:
            bodies = [workload.body("run", i) for i in range(num_streams)]
            return list(await asyncio.gather(*(client.send(body) for body in bodies)))

    measurements = asyncio.run(ask_all())
    for measurement in measurements:
        if measurement.failure:
            raise RuntimeError(f"a request failed: {measurement.failure}")
    begun = min(m.begun_s for m in measurements)
    return Timing(
        first_s=max(m.content_at_s[0] for m in measurements) - begun,
        total_s=max(m.content_at_s[-1] for m in measurements) - begun,
    )


def settle(server: RunningServer) -> None:
    """Wait until the server's engine has no work."""
    with server.client() as client:
        while any(client.get("/debug/engines").json().values()):
            time.sleep(0.05)


def measure(server: RunningServer, folder: Path, num_runs: int) -> list[dict[str, Any]]:
    """The figures of each number of streams."""
    engine = Palaver(folder, "f16")
    stops = open_files(folder).chat_model().stop_token_ids
    rng = np.random.default_rng(0)
    figures = []
    for num_streams in _LEVELS:
        over_http(server, num_streams, -1 - num_streams, stops)
        pairs = []
        for run in range(num_runs):
            ids = rng.integers(0, engine.vocab_size - 1000, (num_streams, _PROMPT)).tolist()
            settle(server)
            alone = speed(num_streams, engine.run(ids, _ANSWER))
            engine.settle()
            http = speed(
                num_streams, over_http(server, num_streams, 100 * num_streams + run, stops)
            )
            pairs.append((http, alone))
        figures.append(
            {
                "streams": num_streams,
                "http tokens/s": round(statistics.median(h for h, _ in pairs), 1),
                "engine tokens/s": round(statistics.median(a for _, a in pairs), 1),
                "ratio": round(statistics.median(h / a for h, a in pairs), 3),
            }
        )
    return figures


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as data_dir,
        running_server(Path(data_dir), "--model", f"{_NAME}={options.folder}") as server,
    ):
        figures = measure(server, options.folder, options.runs)
    summary = {"machine": describe_machine(), "folder": options.folder.name, "figures": figures}
    report(summary, options.out)


if __name__ == "__main__":
    main()
