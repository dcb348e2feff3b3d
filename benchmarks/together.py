"""Whether clients are served concurrently: wall time of 8 clients at once against 1.

``python -m benchmarks.together`` starts a server on the built-in model; every client
requests an answer of 200 tokens. Runs alternate between one client and eight; medians are reported.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from rich.console import Console

from tests.server import NO_END, chat, running_server

_NUM_RUNS = 5
_NUM_CLIENTS = 8


def wall_s(client: httpx.Client, num_clients: int) -> float:
    """Seconds until all of ``num_clients`` have their answers."""
    body = chat("Tell me a story.", max_tokens=200, temperature=1, logit_bias=NO_END)
    begun = time.perf_counter()
    with ThreadPoolExecutor(num_clients) as pool:
        answers = pool.map(
            lambda seed: client.post("/v1/chat/completions", json=body | {"seed": seed}),
            range(num_clients),
        )
        assert all(answer.is_success for answer in answers)
    return time.perf_counter() - begun


def main() -> None:
    """The command."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder)) as server,
        server.client() as client,
    ):
        wall_s(client, _NUM_CLIENTS)
        pairs = [(wall_s(client, 1), wall_s(client, _NUM_CLIENTS)) for _ in range(_NUM_RUNS)]
    Console().print(
        {
            "1 client, s": round(statistics.median(one for one, _ in pairs), 3),
            f"{_NUM_CLIENTS} clients, s": round(statistics.median(all_ for _, all_ in pairs), 3),
            "ratio": round(statistics.median(all_ / one for one, all_ in pairs), 2),
        }
    )


if __name__ == "__main__":
    main()
