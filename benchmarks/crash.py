"""What clients see when an engine is killed, and how long until the service is back.

``python -m benchmarks.crash [--runs 5] [--out FILE]`` starts a server on the built-in model, opens
four streams, kills the engine's process with SIGKILL during their answers, and sends requests until
one is answered. Reports medians over the kills.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks.machine import describe_machine
from benchmarks.report import report
from tests.server import NO_END, RunningServer, chat, running_server

_PATH = "/v1/chat/completions"
_NUM_STREAMS = 4
_STORY = chat("Tell me a story.", max_tokens=1000, stream=True, temperature=1, logit_bias=NO_END)
_PAUSE_S = 0.02


def ending(client: httpx.Client, seed: int) -> str:
    """How a stream ends: with its error event, with a whole answer, or with neither."""
    end = "cut off"
    with client.stream("POST", _PATH, json=_STORY | {"seed": seed}) as response:
        for line in response.iter_lines():
            data = line.removeprefix("data: ")
            if data == "[DONE]":
                return "whole" if end == "cut off" else end
            error = json.loads(data).get("error") if data else None
            end = f"error event: {error}" if error else end
    return end


def kill_once(server: RunningServer, client: httpx.Client) -> tuple[list[str], float]:
    """Kill the engine during four streams: how they ended, and seconds until the next answer."""
    with ThreadPoolExecutor(_NUM_STREAMS) as pool:
        endings = [pool.submit(ending, client, seed) for seed in range(_NUM_STREAMS)]
        time.sleep(0.5)
        os.kill(server.engine_pids()[0], signal.SIGKILL)
        begun = time.perf_counter()
        ends = [stream.result() for stream in endings]
    request = chat("Hello", max_tokens=4)
    while not client.post(_PATH, json=request).is_success:
        time.sleep(_PAUSE_S)
    return ends, time.perf_counter() - begun


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as server,
        server.client() as client,
    ):
        kills = [kill_once(server, client) for _ in range(options.runs)]
    times = [seconds for _, seconds in kills]
    summary: dict[str, Any] = {
        "machine": describe_machine(),
        "kills": options.runs,
        "streams ended with": dict(Counter(end for ends, _ in kills for end in ends)),
        "seconds until the next answer, median": round(statistics.median(times), 2),
        "seconds until the next answer, most": round(max(times), 2),
    }
    report(summary, options.out)


if __name__ == "__main__":
    main()
