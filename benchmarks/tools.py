"""Whether tool calls are valid at a high temperature.

``python -m benchmarks.tools [--num 600] [--temperature 2] [--seed 0] [--out FILE]`` sends requests
with random tools (names, schemas, ``strict``, all values of ``tool_choice``) to a server with the
built-in model. Every call must name an offered tool, and its arguments must validate with
``jsonschema``; the exit status is 1 if one does not.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks.machine import describe_machine
from benchmarks.report import report
from tests.api.toolsets import Tally, request
from tests.server import running_server

_CONCURRENCY = 16
_PATH = "/v1/chat/completions"


def measure(client: httpx.Client, num: int, temperature: float, seed: int) -> dict[str, Any]:
    """The figures of ``num`` concurrent requests."""
    rng = random.Random(seed)
    requests = [request(rng, temperature=temperature) for _ in range(num)]
    with ThreadPoolExecutor(_CONCURRENCY) as pool:
        answers = list(pool.map(lambda body: client.post(_PATH, json=body), requests))
    tally = Tally()
    refused: list[str] = []
    for body, answer in zip(requests, answers, strict=True):
        if answer.status_code == httpx.codes.OK:
            tally.add(body, answer.json())
        else:
            refused.append(answer.json()["message"])
    return {
        "requests": num,
        "answered": tally.num_requests,
        "refused": len(refused),
        "refusals": sorted(set(refused))[:5],
        "calls": tally.num_calls,
        "answers without a call, where that was allowed": tally.num_texts - _wrong(tally),
        "answers cut by their length": tally.num_cut,
        "faults": len(tally.faults),
        "first faults": tally.faults[:5],
    }


def _wrong(tally: Tally) -> int:
    return sum(fault.startswith("no call") for fault in tally.faults)


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=600)
    parser.add_argument("--temperature", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as server,
        server.client() as client,
    ):
        client.timeout = httpx.Timeout(300)
        figures = measure(client, options.num, options.temperature, options.seed)
    settings = {"temperature": options.temperature, "seed": options.seed}
    report({"machine": describe_machine(), **settings, **figures}, options.out)
    return 1 if figures["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
