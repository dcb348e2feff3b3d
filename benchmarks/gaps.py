"""Gaps between the tokens of streams, with other requests at the same time or alone.

The gaps are measured at the client. The measured streams and the other requests each have a client
process with little overhead, :mod:`benchmarks.stream_client`. All share the server's cores.
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
_LEAST_MS = 0.001  # avoids division by 0, where most tokens arrive together with others
MAX_OTHERS = 0.05
"""Cores that other programs may use in a round that counts as undisturbed."""

Bodies = list[list[dict[str, Any]]]
"""For each connection, the bodies of its requests, in order."""


def story(seed: int, num_tokens: int, **fields: Any) -> dict[str, Any]:
    """A request for a story that ends only at ``num_tokens``."""
    fields |= {"temperature": 1, "seed": seed, "max_tokens": num_tokens, "logit_bias": NO_END}
    return chat("Tell me a story.", **fields)


def stories(num: int, seed: int, num_tokens: int, **fields: Any) -> Bodies:
    """Streams of such stories, each on its own connection."""
    return [[story(seed + i, num_tokens, stream=True, **fields)] for i in range(num)]


def gaps_of(server: RunningServer, streams: Bodies, others: Bodies) -> dict[str, float]:
    """The gaps of all streams while the requests of ``others`` are repeated.

    Returns:
        Median, 99th percentile and longest gap in ms, the ratio of the first two, the same ratio by
        the times at which the client's kernel received the tokens, the number of complete answers
        to the others, and the cores that other programs used meanwhile.
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
    """A process that repeats requests until the end of the context; ``None`` without requests."""
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
    """The medians over all undisturbed rounds, or over all rounds if none was undisturbed.

    ``rounds`` is their number, ``rounds_among_others`` that of the disturbed rounds.
    """
    alone = [r for r in rounds if r["cores_of_other_programs"] <= MAX_OTHERS]
    kept = alone or rounds
    medians = {name: round(statistics.median(r[name] for r in kept), 2) for name in kept[0]}
    return medians | {"rounds": len(kept), "rounds_among_others": len(rounds) - len(alone)}


def _figures(read: list[list[float]], received: list[list[float]]) -> dict[str, float]:
    """The figures for the times of tokens in ms: as read by the client, and as received."""
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
