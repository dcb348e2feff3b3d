"""Answers in audio: ``python -m benchmarks.speech [--num 7] [--gaps | --native] [--out FILE]``.

Three measurements against a server with the built-in model and the embedded voices, in alternating
rounds; medians over the rounds are reported.

- The time of the first audio, divided by the time at which the first sentence of text is complete.
- The pace of the audio (multiples of playing speed) of the slowest of 4 concurrent streams.
- The gaps between the tokens of 2 text streams, 99th percentile over median: with 4 spoken streams
  at the same time, with 4 further text streams instead, and alone; see :mod:`benchmarks.gaps`.

Rounds of the third that other programs disturbed are left out, unless all were disturbed.
``--gaps`` measures only the third. So does ``--native``, with a tiny Qwen3-Omni that speaks the 4
streams.
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
from palaver.speech.sentences import SentenceSplitter
from palaver.speech.spoken_text import SpokenText
from tests.server import RunningServer, running_server
from tests.speech.native import SPEAKERS, write_folder

_PATH = "/v1/chat/completions"
_SPOKEN = {"modalities": ["text", "audio"]}
_BYTES_PER_S = 48_000
_NUM_SPOKEN = 4
_NUM_TEXT = 2
_NATIVE = "omni"


def deltas(client: httpx.Client, body: dict[str, Any]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Every delta of a stream, with the seconds since the request."""
    begin_s = time.perf_counter()
    with client.stream("POST", _PATH, json=body | {"stream": True}) as response:
        response.raise_for_status()
        for line in response.iter_lines():
            now_s = time.perf_counter() - begin_s
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    yield now_s, choice["delta"]


def first_audio(client: httpx.Client, seed: int) -> dict[str, float]:
    """Seconds until the first sentence was complete and until the first audio, and their ratio."""
    spoken, splitter, found = SpokenText(HERMES), SentenceSplitter(), {}
    for now_s, delta in deltas(client, story(seed, 80, **_SPOKEN)):
        text = spoken.feed(delta.get("content", ""))
        if "sentence_s" not in found and any(map(str.strip, splitter.feed(text))):
            found["sentence_s"] = now_s
        if "data" in delta.get("audio", {}):
            found["audio_s"] = now_s
            break
    return found | {"ratio": found["audio_s"] / found["sentence_s"]}


def speed(server: RunningServer, seed: int) -> float:
    """Seconds of audio per second, of the slowest of four concurrent streams."""

    def one(offset: int) -> float:
        num_bytes, begin_s = 0, time.perf_counter()
        with server.client() as client:
            for _, delta in deltas(client, story(seed + offset, 200, **_SPOKEN)):
                num_bytes += len(base64.b64decode(delta.get("audio", {}).get("data", "")))
        return num_bytes / _BYTES_PER_S / (time.perf_counter() - begin_s)

    with ThreadPoolExecutor(_NUM_SPOKEN) as pool:
        return min(pool.map(one, range(_NUM_SPOKEN)))


def gaps(server: RunningServer, fields: dict[str, Any] | None, seed: int) -> dict[str, float]:
    """Gaps between tokens of text streams, with other streams at the same time or alone."""
    others = [] if fields is None else stories(_NUM_SPOKEN, 1000 * seed + 1000, 300, **fields)
    return gaps_of(server, stories(_NUM_TEXT, 10 * seed, 400), others)


def median_of(found: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: round(statistics.median(f[name] for f in found), 3) for name in found[0]}


def measure(server: RunningServer, client: httpx.Client, num_rounds: int) -> dict[str, Any]:
    """The first two measurements, in alternating rounds."""
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
    """The gaps with spoken streams, with the same streams as text, and alone."""
    model = {"model": _NATIVE} if is_native else {}
    voice = {"audio": {"voice": next(iter(SPEAKERS))}} if is_native else {}
    spoken = "with 4 spoken by a talker" if is_native else "with 4 spoken streams"
    others: dict[str, dict[str, Any] | None] = {
        spoken: _SPOKEN | model | voice,
        "with 4 text streams": model,
        "alone": None,
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in others}
    gaps(server, None, num_rounds)  # warm-up
    for i in range(num_rounds):
        for name, fields in others.items():
            found[name].append(gaps(server, fields, i))
    return {f"token gaps of 2 streams {name}": summary(rounds) for name, rounds in found.items()}


def _models(folder: str, *, is_native: bool) -> list[str]:
    """The server's arguments for the measured model."""
    if not is_native:
        return []
    return ["--model", f"{_NATIVE}={write_folder(Path(folder) / _NATIVE)}"]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=7)
    parser.add_argument("--native", action="store_true")
    parser.add_argument("--gaps", action="store_true", help="measure only the gaps")
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
