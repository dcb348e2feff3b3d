"""Gaps between the tokens of streams, beside other requests or alone, as a client sees them.

The streams are read by a process of its own that does next to nothing meanwhile, the others by
another one: :mod:`benchmarks.stream_client`. All of them share the server's cores.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks.machine import OtherPrograms
from tests.server import KEY, NO_END, RunningServer, chat

_COMMAND = [sys.executable, "-m", "benchmarks.stream_client"]
_SETTLE_S = 1.0
_LEAST_MS = 0.001  # a median of nothing: most tokens came together with others
MAX_OTHERS = 0.05
"""Cores that other programs may use in a round that is said to be alone on the machine."""

Bodies = list[list[dict[str, Any]]]
"""For each connection, what it asks one after another."""


def story(seed: int, num_tokens: int, **fields: Any) -> dict[str, Any]:
    """A request for a long story that has no end of its own."""
    fields |= {"temperature": 1, "seed": seed, "max_tokens": num_tokens, "logit_bias": NO_END}
    return chat("Tell me a story.", **fields)


def stories(num: int, seed: int, num_tokens: int, **fields: Any) -> Bodies:
    """Streams of such stories, each on a connection of its own."""
    return [[story(seed + i, num_tokens, stream=True, **fields)] for i in range(num)]


def gaps_of(server: RunningServer, streams: Bodies, others: Bodies) -> dict[str, float]:
    """The gaps of all streams while others ask over and over, in figures.

    Returns:
        Median, 99th percentile and longest in ms, the ratio of the first two, the same ratio as the
        kernel had the tokens for the client, whole answers that the others got, and cores that
        other programs used meanwhile.
    """
    programs = OtherPrograms()
    with asking(server, others) as process:
        if process:
            time.sleep(_SETTLE_S)
        output = subprocess.run(
            [*_COMMAND, server.url, KEY],
            input=json.dumps(streams),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    found = json.loads(output.stdout)
    num_answers = int(process.stdout.read()) if process and process.stdout else 0
    return _figures([one["read"] for one in found], [one["received"] for one in found]) | {
        "answers_beside": num_answers,
        "cores_of_other_programs": programs.num_cores(),
    }


@contextmanager
def asking(server: RunningServer, bodies: Bodies) -> Iterator[subprocess.Popen[str] | None]:
    """A process that asks over and over, ended at the end; none if there is nothing to ask."""
    if not bodies:
        yield None
        return
    process = subprocess.Popen(
        [*_COMMAND, server.url, KEY, "--forever"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(bodies))
    process.stdin.close()
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The medians of all rounds that were alone on the machine, or of all if none was.

    ``rounds`` is how many they are, ``rounds_among_others`` how many are left out.
    """
    alone = [r for r in rounds if r["cores_of_other_programs"] <= MAX_OTHERS]
    kept = alone or rounds
    medians = {name: round(statistics.median(r[name] for r in kept), 2) for name in kept[0]}
    return medians | {"rounds": len(kept), "rounds_among_others": len(rounds) - len(alone)}


def _figures(read: list[list[float]], received: list[list[float]]) -> dict[str, float]:
    """Times in ms of the tokens of each stream, as read and as received, in figures."""
    gaps = np.concatenate([np.diff(times) for times in read])
    arrivals = np.concatenate([np.diff(times) for times in received])
    median, p99 = np.percentile(gaps, [50, 99])
    median_received, p99_received = np.percentile(arrivals, [50, 99])
    return {
        "median_ms": float(median),
        "p99_ms": float(p99),
        "longest_ms": float(gaps.max()),
        "ratio": float(p99 / max(median, _LEAST_MS)),
        "ratio_received": float(p99_received / max(median_received, _LEAST_MS)),
    }
