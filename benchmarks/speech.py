"""Answers in audio: ``python -m benchmarks.speech [--num 7] [--gaps | --native] [--out FILE]``.

Three measurements against a server of its own with the built-in model and the embedded voices, in
rounds that alternate; medians over the rounds are reported.

- When the first audio comes, as a ratio to when the first sentence of the text is complete.
- How much faster than it plays audio is made at 4 streams at once: the slowest of them counts.
- The gaps between the tokens of 2 silent streams, 99th percentile over median, with 4 speaking
  streams beside them, with 4 silent ones instead, and alone; see :mod:`benchmarks.gaps`.

Rounds of the third among other programs are left out if there are others. With ``--gaps`` it is
measured alone, with ``--native`` likewise, where a tiny Qwen3-Omni speaks the 4 streams itself.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks.gaps import gaps_of, stories, story, summary
from benchmarks.machine import describe_machine
from benchmarks.report import report
from palaver.chat.families.catalogue import HERMES
from palaver.speech.passage import Passage
from palaver.speech.sentences import SentenceCutter
from tests.server import RunningServer, running_server
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


def first_audio(client: httpx.Client, seed: int) -> dict[str, float]:
    """When the first sentence of the answer was complete, and when the first audio came."""
    passage, cutter, found = Passage(HERMES), SentenceCutter(), {}
    for now_s, delta in deltas(client, story(seed, 80, **_SPOKEN)):
        text = passage.feed(delta.get("content", ""))
        if "sentence_s" not in found and any(map(str.strip, cutter.feed(text))):
            found["sentence_s"] = now_s
        if "data" in delta.get("audio", {}):
            found["audio_s"] = now_s
            break
    return found | {"ratio": found["audio_s"] / found["sentence_s"]}


def speed(server: RunningServer, seed: int) -> float:
    """Seconds of audio in a second, of the slowest of four streams at once."""

    def one(offset: int) -> float:
        num_bytes, begin_s = 0, time.perf_counter()
        with server.client() as client:
            for _, delta in deltas(client, story(seed + offset, 200, **_SPOKEN)):
                num_bytes += len(base64.b64decode(delta.get("audio", {}).get("data", "")))
        return num_bytes / _BYTES_PER_S / (time.perf_counter() - begin_s)

    with ThreadPoolExecutor(_NUM_SPEAKING) as pool:
        return min(pool.map(one, range(_NUM_SPEAKING)))


def gaps(server: RunningServer, fields: dict[str, Any] | None, seed: int) -> dict[str, float]:
    """Gaps between tokens of silent streams, beside other streams or alone."""
    others = [] if fields is None else stories(_NUM_SPEAKING, 1000 * seed + 1000, 300, **fields)
    return gaps_of(server, stories(_NUM_SILENT, 10 * seed, 400), others)


def median_of(found: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: round(statistics.median(f[name] for f in found), 3) for name in found[0]}


def measure(server: RunningServer, client: httpx.Client, num_rounds: int) -> dict[str, Any]:
    """When audio comes and how fast it is made, in turn, over and over."""
    first_audio(client, 0)
    first: list[dict[str, float]] = []
    speeds: list[float] = []
    for i in range(num_rounds):
        first += [first_audio(client, 10 * i + j) for j in range(3)]
        speeds.append(speed(server, 10 * i))
    return {
        "first audio": median_of(first),
        "seconds of audio in a second, slowest of 4 streams": round(statistics.median(speeds), 2),
        "rounds": num_rounds,
    }


def measure_gaps(server: RunningServer, num_rounds: int, *, is_native: bool) -> dict[str, Any]:
    """The gaps beside streams that are spoken, beside the same ones in silence, and alone."""
    silent = {"model": _NATIVE} if is_native else {}
    voice = {"audio": {"voice": next(iter(SPEAKERS))}} if is_native else {}
    beside: dict[str, dict[str, Any] | None] = {
        "beside 4 that a talker speaks" if is_native else "beside 4 speaking ones": (
            _SPOKEN | silent | voice
        ),
        "beside 4 silent ones": silent,
        "alone": None,
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in beside}
    gaps(server, None, num_rounds)  # warms up
    for i in range(num_rounds):
        for name, fields in beside.items():
            found[name].append(gaps(server, fields, i))
    return {f"token gaps of 2 streams {name}": summary(rounds) for name, rounds in found.items()}


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
    parser.add_argument("--gaps", action="store_true", help="measure nothing else")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), *_models(folder, is_native=options.native)) as server,
        server.client() as client,
    ):
        time.sleep(3)
        figures = {} if options.native or options.gaps else measure(server, client, options.num)
        figures |= measure_gaps(server, options.num, is_native=options.native)
    report(figures | {"machine": describe_machine()}, options.out)


if __name__ == "__main__":
    main()
