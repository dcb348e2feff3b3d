"""What encoding pictures costs those who are being answered: gaps between tokens, with and without.

``python -m benchmarks.senses FOLDER`` starts a server on a model with eyes. Four streams run; in
every other round pictures that nobody has sent before are sent one after another beside them. Shown
are the median and the 99th percentile of the gaps between a stream's chunks, and their ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.report import report
from tests.api import media
from tests.media import files
from tests.senses import cases
from tests.server import chat, running_server

_NUM_STREAMS = 4
_NUM_ROUNDS = 6
_PATH = "/v1/chat/completions"


def gaps_s(client: httpx.Client, seed: int, num_tokens: int) -> list[float]:
    """Seconds between the chunks of one stream."""
    content = "Tell me a story."
    body = chat(content, model="seeing", max_tokens=num_tokens, temperature=1, seed=seed)
    times: list[float] = []
    with client.stream("POST", _PATH, json=body | {"stream": True}) as response:
        times += [time.perf_counter() for line in response.iter_lines() if line.startswith("data")]
    return np.diff(times).tolist()


def send_pictures(client: httpx.Client, is_over: threading.Event, first: int, side: int) -> int:
    """Ask about new pictures until the streams are over; how many there were."""
    num = 0
    while not is_over.is_set():
        part = media.picture(files.file_of(cases.picture(side, side, first + num)))
        client.post(_PATH, json=media.ask(part, model="seeing", max_tokens=1)).raise_for_status()
        num += 1
    return num


def round_of(
    client: httpx.Client, number: int, num_tokens: int, side: int | None
) -> tuple[list[float], int]:
    """The gaps of all streams of a round, and how many pictures were sent meanwhile."""
    is_over = threading.Event()
    with ThreadPoolExecutor(_NUM_STREAMS + 1) as pool:
        sender = pool.submit(send_pictures, client, is_over, 1000 * number, side) if side else None
        streams = [
            pool.submit(gaps_s, client, _NUM_STREAMS * number + i, num_tokens)
            for i in range(_NUM_STREAMS)
        ]
        gaps = [gap for stream in streams for gap in stream.result()]
        is_over.set()
        return gaps, sender.result() if sender else 0


def summary(gaps: list[float]) -> dict[str, float]:
    """The gaps in figures."""
    median, late = np.percentile(gaps, [50, 99]) * 1000
    return {
        "median_ms": round(float(median), 2),
        "p99_ms": round(float(late), 2),
        "ratio": round(float(late / median), 2),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--side", type=int, default=256, help="pixels of a picture's side")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    quiet: list[float] = []
    busy: list[float] = []
    num_pictures = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), "--model", f"seeing={options.folder}") as server,
        server.client() as client,
    ):
        round_of(client, _NUM_ROUNDS, options.tokens, options.side)
        for number in range(_NUM_ROUNDS):
            side = options.side if number % 2 else None
            gaps, num = round_of(client, number, options.tokens, side)
            (busy if side else quiet).extend(gaps)
            num_pictures += num
    figures: dict[str, Any] = {"pictures": num_pictures, "side": options.side}
    report(figures | {"without": summary(quiet), "with": summary(busy)}, options.out)


if __name__ == "__main__":
    main()
