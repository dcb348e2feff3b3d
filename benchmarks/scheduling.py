"""Prefix caching and chunked prefill on any model: ``python -m benchmarks.scheduling FOLDER``.

- **shared**: 8 requests with a common prompt of 1,000 tokens, all at once: prompt tokens computed.
- **cached**: time to the first token of a prompt of 1,000 tokens, cold against repeated.
- **gaps**: gaps between tokens of 4 running streams during the prefill of a prompt of 2,000 tokens.

Each is run several times with new prompts; medians are reported.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.report import report
from benchmarks.sides import load_vocab_size
from palaver.engine.engine import Engine
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams
from palaver.models.formats import open_files
from palaver.runtime import RuntimeConfig, load_runtime

_CACHE_BYTES = 2 * 2**30


class Bench:
    """An engine and a supply of new prompts."""

    def __init__(self, folder: Path, max_step_tokens: int) -> None:
        multimodal = open_files(folder).multimodal
        runtime = RuntimeConfig(folder=str(folder), cache_bytes=_CACHE_BYTES, multimodal=multimodal)
        self._engine = Engine(load_runtime(runtime), max_step_tokens=max_step_tokens)
        self._vocab_size = load_vocab_size(folder)
        self._rng = np.random.default_rng(0)
        self._num_requests = 0

    def shared(self) -> int:
        """Prompt tokens computed for 8 requests with 1,000 common tokens and 1 of their own."""
        common = self._prompt(1000)
        for i in range(8):
            self._add([*common, 100 + i], 2)
        num_computed = 0
        while self._engine.num_requests:
            if stats := self._engine.step().stats:
                num_computed += stats.num_prompt_tokens
        self._settle()
        return num_computed

    def cached(self) -> tuple[float, float]:
        """Seconds to the first token, cold and repeated."""
        prompt = self._prompt(1000)
        times = []
        for _ in range(2):
            begun = time.perf_counter()
            self._add(prompt, 1)
            while self._engine.num_requests:
                self._engine.step()
            times.append(time.perf_counter() - begun)
            self._settle()
        return times[0], times[1]

    def gaps(self) -> dict[str, float]:
        """Median and 99th percentile of the gaps during a long prefill, in seconds."""
        for _ in range(4):
            self._add(self._prompt(16), 4000)
        for _ in range(20):
            self._engine.step()
        long = self._add(self._prompt(2000), 1)
        last: dict[int, float] = {}
        gaps: list[float] = []
        is_prefill = True
        while is_prefill:
            tokens = self._engine.step().tokens
            now = time.perf_counter()
            for token in tokens:
                if token.request_id == long:
                    is_prefill = False
                elif token.request_id in last:
                    gaps.append(now - last[token.request_id])
                last[token.request_id] = now
        for request_id in last:
            self._engine.cancel(request_id)
        self._settle()
        return {
            "median": statistics.median(gaps),
            "p99": float(np.percentile(gaps, 99)),
            "gaps": len(gaps),
        }

    def _prompt(self, num_tokens: int) -> list[int]:
        ids: list[int] = self._rng.integers(0, self._vocab_size - 1000, num_tokens).tolist()
        return ids

    def _add(self, prompt: list[int], max_tokens: int) -> int:
        self._num_requests += 1
        params = SamplingParams(max_tokens=max_tokens, seed=0, temperature=0.0)
        self._engine.add(GenerationRequest(self._num_requests, Prompt(prompt), params))
        return self._num_requests

    def _settle(self) -> None:
        while self._engine.has_work:
            self._engine.step()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--max-step-tokens", type=int, default=512)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    bench = Bench(options.folder, options.max_step_tokens)
    bench.cached()  # warm-up
    shared = [bench.shared() for _ in range(options.runs)]
    cached = [bench.cached() for _ in range(options.runs)]
    gaps = [bench.gaps() for _ in range(options.runs)]
    summary: dict[str, Any] = {
        "machine": describe_machine(),
        "folder": options.folder.name,
        "runs": options.runs,
        "shared: prompt tokens computed for 8 x 1001": statistics.median(shared),
        "cached: cold s": round(statistics.median(c for c, _ in cached), 4),
        "cached: repeated s": round(statistics.median(r for _, r in cached), 4),
        "cached: cold / repeated": round(statistics.median(c / r for c, r in cached), 1),
        "gaps: median s": round(statistics.median(g["median"] for g in gaps), 4),
        "gaps: p99 / median": round(statistics.median(g["p99"] / g["median"] for g in gaps), 2),
    }
    report(summary, options.out)


if __name__ == "__main__":
    main()
