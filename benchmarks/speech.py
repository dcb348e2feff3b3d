"""Answers in sound: ``python -m benchmarks.speech [--num 7] [--native] [--out FILE]``.

Three measurements against a server of its own with the built-in model and the embedded voices, in
rounds that alternate; medians over the rounds are reported.

- When the first sound comes, as a ratio to when the first sentence of the text is complete.
- How much faster than it plays the sound is made at 4 streams at once: the slowest of them counts.
- The gaps between the tokens of 2 silent streams, 99th percentile over median, with 4 speaking
  streams beside them, with 4 silent ones instead, and alone.

With ``--native`` the third alone, where a tiny Qwen3-Omni speaks the 4 streams beside itself.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.report import report
from palaver.chat.families.catalogue import HERMES
from palaver.speech.passage import Passage
from palaver.speech.sentences import SentenceCutter
from tests.server import KEY, NO_END, RunningServer, chat, running_server
from tests.speech.native import SPEAKERS, write_folder

_PATH = "/v1/chat/completions"
_SPOKEN = {"modalities": ["text", "audio"]}
_BYTES_PER_S = 48_000
_NUM_SPEAKING = 4
_NUM_SILENT = 2
_NATIVE = "omni"


def deltas(client: httpx.Client, body: dict[str, Any]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Every delta of a stream with its seconds since the request."""
    begin_s = time.perf_counter()
    with client.stream("POST", _PATH, json=body | {"stream": True}) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            now_s = time.perf_counter() - begin_s
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    yield now_s, choice["delta"]


def story(seed: int, num_tokens: int, **fields: Any) -> dict[str, Any]:
    """A request for a long story that has no end of its own."""
    fields |= {"temperature": 1, "seed": seed, "max_tokens": num_tokens, "logit_bias": NO_END}
    return chat("Tell me a story.", **fields)


def first_sound(client: httpx.Client, seed: int) -> dict[str, float]:
    """When the first sentence of the answer was complete, and when the first sound came."""
    passage, cutter, found = Passage(HERMES), SentenceCutter(), {}
    for now_s, delta in deltas(client, story(seed, 80, **_SPOKEN)):
        text = passage.feed(delta.get("content", ""))
        if "sentence_s" not in found and any(map(str.strip, cutter.feed(text))):
            found["sentence_s"] = now_s
        if "data" in delta.get("audio", {}):
            found["sound_s"] = now_s
            break
    return found | {"ratio": found["sound_s"] / found["sentence_s"]}


def speed(server: RunningServer, seed: int) -> float:
    """Seconds of sound in a second, of the slowest of four streams at once."""

    def one(offset: int) -> float:
        num_bytes, begin_s = 0, time.perf_counter()
        with server.client() as client:
            for _, delta in deltas(client, story(seed + offset, 200, **_SPOKEN)):
                num_bytes += len(base64.b64decode(delta.get("audio", {}).get("data", "")))
        return num_bytes / _BYTES_PER_S / (time.perf_counter() - begin_s)

    with ThreadPoolExecutor(_NUM_SPEAKING) as pool:
        return min(pool.map(one, range(_NUM_SPEAKING)))


def keep_streaming(url: str, fields: dict[str, Any], seed: int, is_over: Event) -> None:
    """In a process of its own: one stream after another, of which nothing is read closely."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        while not is_over.is_set():
            body = story(seed, 300, **fields) | {"stream": True}
            with client.stream("POST", _PATH, json=body) as response:
                for _ in response.iter_raw():
                    if is_over.is_set():
                        return
            seed += 1


def gaps(server: RunningServer, fields: dict[str, Any] | None, seed: int) -> dict[str, float]:
    """Gaps between tokens of silent streams in ms, beside other streams or alone."""
    spawn = multiprocessing.get_context("spawn")
    is_over = spawn.Event()
    others = [
        spawn.Process(target=keep_streaming, args=(server.url, fields, 1000 * i, is_over))
        for i in range(1, _NUM_SPEAKING + 1)
        if fields is not None
    ]
    for process in others:
        process.start()
    time.sleep(2 if others else 0)

    def one(offset: int) -> list[float]:
        with server.client() as client:
            body = story(seed + offset, 400)
            times = [now_s for now_s, delta in deltas(client, body) if delta.get("content")]
        return [(b - a) * 1000 for a, b in pairwise(times)]

    with ThreadPoolExecutor(_NUM_SILENT) as pool:
        found = np.concatenate([*pool.map(one, range(_NUM_SILENT))])
    is_over.set()
    for process in others:
        process.join()
    median, p99 = (float(part) for part in np.percentile(found, [50, 99]))
    return {"median_ms": median, "p99_ms": p99, "ratio": p99 / median}


def median_of(found: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: round(statistics.median(f[name] for f in found), 3) for name in found[0]}


def measure(server: RunningServer, client: httpx.Client, num_rounds: int) -> dict[str, Any]:
    """All measurements, in turn, over and over."""
    first_sound(client, 0)
    first: list[dict[str, float]] = []
    speeds: list[float] = []
    silent: dict[str, list[dict[str, float]]] = {"speaking": [], "silent": [], "alone": []}
    for i in range(num_rounds):
        first += [first_sound(client, 10 * i + j) for j in range(3)]
        speeds.append(speed(server, 10 * i))
        silent["speaking"].append(gaps(server, _SPOKEN, i))
        silent["silent"].append(gaps(server, {}, i))
        silent["alone"].append(gaps(server, None, i))
    return {
        "first sound": median_of(first),
        "seconds of sound in a second, slowest of 4 streams": round(statistics.median(speeds), 2),
        "token gaps of 2 streams beside 4 speaking ones": median_of(silent["speaking"]),
        "token gaps of 2 streams beside 4 silent ones": median_of(silent["silent"]),
        "token gaps of 2 streams alone": median_of(silent["alone"]),
        "rounds": num_rounds,
        "machine": describe_machine(),
    }


def measure_native(server: RunningServer, num_rounds: int) -> dict[str, Any]:
    """The gaps beside streams that a model speaks itself, and beside the same ones in silence."""
    spoken = _SPOKEN | {"model": _NATIVE, "audio": {"voice": next(iter(SPEAKERS))}}
    beside: dict[str, dict[str, Any] | None] = {
        "speaking": spoken,
        "silent": {"model": _NATIVE},
        "alone": None,
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in beside}
    for i in range(num_rounds):
        for name, fields in beside.items():
            found[name].append(gaps(server, fields, i))
    return {
        "token gaps of 2 streams beside 4 that a talker speaks": median_of(found["speaking"]),
        "token gaps of 2 streams beside 4 silent ones of its model": median_of(found["silent"]),
        "token gaps of 2 streams alone": median_of(found["alone"]),
        "rounds": num_rounds,
        "machine": describe_machine(),
    }


def _models(folder: str, *, is_native: bool) -> list[str]:
    """Arguments of a server that serves what is measured."""
    if not is_native:
        return []
    return ["--model", f"{_NATIVE}={write_folder(Path(folder) / _NATIVE)}"]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=7)
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), *_models(folder, is_native=options.native)) as server,
        server.client() as client,
    ):
        time.sleep(3)
        if options.native:
            summary = measure_native(server, options.num)
        else:
            summary = measure(server, client, options.num)
    report(summary, options.out)


if __name__ == "__main__":
    main()
