"""The engine against openvino-genai's ContinuousBatchingPipeline: same process, same weights.

``python -m benchmarks.engine FOLDER [--runs 5] [--out FILE]`` needs openvino-genai installed. Runs
alternate between the sides, so that the machine's moods meet all; medians and the medians of the
pairwise ratios are reported. A run decodes N streams from prompts of 8 tokens, or reads one
prompt of 512. The pipeline runs twice: as it comes, and with the activation groups that palaver
sets for the plugin. Beside them stand the memory bandwidth that the machine shows in the same run,
and the host's share of our step with every sampling parameter in use.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe_machine
from palaver.engine.engine import Engine
from palaver.engine.request import GenerationRequest, Prompt, SamplingParams
from palaver.runtime import RuntimeConfig, load_runtime

_CACHE_BYTES = 2 * 2**30
_SHORT_PROMPT = 8
_LONG_PROMPT = 512
_ANSWER = 64
_GREEDY = SamplingParams(max_tokens=0, seed=0, temperature=0.0)
_SAMPLED = SamplingParams(
    max_tokens=0,
    seed=0,
    temperature=0.8,
    top_p=0.9,
    presence_penalty=0.5,
    frequency_penalty=0.5,
    repetition_penalty=1.1,
)


@dataclass(frozen=True, slots=True)
class Timing:
    """One run.

    Attributes:
        first_s: Until every stream had its first token.
        total_s: Until every stream had its last.
    """

    first_s: float
    total_s: float


class Side(Protocol):
    """One of the two engines."""

    def run(self, prompts: list[list[int]], num_tokens: int) -> Timing:
        """Generate ``num_tokens`` for each prompt, greedily, none ending early."""


class Palaver:
    """Our engine, in this process."""

    def __init__(self, folder: Path, cache_precision: Any) -> None:
        runtime = RuntimeConfig(
            folder=str(folder), cache_bytes=_CACHE_BYTES, cache_precision=cache_precision
        )
        self._engine = Engine(load_runtime(runtime))
        self.vocab_size = load_vocab_size(folder)
        self.host_s: list[float] = []
        self.model_s: list[float] = []

    def run(
        self, prompts: list[list[int]], num_tokens: int, params: SamplingParams = _GREEDY
    ) -> Timing:
        """See :class:`Side`; ``params`` without their number of tokens."""
        begun = time.perf_counter()
        params = msgspec.structs.replace(params, max_tokens=num_tokens)
        for i, prompt in enumerate(prompts):
            self._engine.add(GenerationRequest(i, Prompt(prompt), params))
        num_first, first_s = 0, 0.0
        while self._engine.num_requests:
            tokens = self._engine.step()
            if num_first < len(prompts):
                num_first += len({token.request_id for token in tokens})
                first_s = time.perf_counter() - begun
            elif self._engine.stats:
                self.host_s.append(self._engine.stats.host_s)
                self.model_s.append(self._engine.stats.model_s)
        total_s = time.perf_counter() - begun
        while self._engine.has_work:  # reading back is not part of the run
            self._engine.step()
        return Timing(first_s, total_s)


class Genai:
    """openvino-genai's pipeline, in this process."""

    def __init__(self, folder: Path, **properties: int) -> None:
        import openvino_genai

        scheduler = openvino_genai.SchedulerConfig()
        scheduler.cache_size = _CACHE_BYTES // 2**30
        scheduler.max_num_batched_tokens = 512
        scheduler.enable_prefix_caching = False
        self._genai = openvino_genai
        self._pipeline = openvino_genai.ContinuousBatchingPipeline(
            str(folder), scheduler_config=scheduler, device="CPU", properties=properties
        )
        self._num_requests = 0

    def run(self, prompts: list[list[int]], num_tokens: int) -> Timing:
        """See :class:`Side`."""
        import openvino

        begun = time.perf_counter()
        handles = []
        for prompt in prompts:
            config = self._genai.GenerationConfig()
            config.max_new_tokens = num_tokens
            config.ignore_eos = True
            config.do_sample = False
            ids = openvino.Tensor(np.array([prompt], dtype=np.int64))
            self._num_requests += 1
            handles.append(self._pipeline.add_request(self._num_requests, ids, config))
        self._pipeline.step()
        first_s = time.perf_counter() - begun
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
        return Timing(first_s, time.perf_counter() - begun)


@dataclass(slots=True)
class Scenario:
    """What is measured: tokens per second of a kind of run."""

    name: str
    num_streams: int
    prompt_tokens: int
    num_tokens: int

    def speed(self, timing: Timing) -> float:
        """Decoded tokens per second; for a single token, prompt tokens per second."""
        if self.num_tokens == 1:
            return self.prompt_tokens / timing.total_s
        return self.num_streams * (self.num_tokens - 1) / (timing.total_s - timing.first_s)


SCENARIOS = (
    Scenario("prompt of 512", 1, _LONG_PROMPT, 1),
    Scenario("decode, 1 stream", 1, _SHORT_PROMPT, _ANSWER),
    Scenario("decode, 4 streams", 4, _SHORT_PROMPT, _ANSWER),
    Scenario("decode, 8 streams", 8, _SHORT_PROMPT, _ANSWER),
    Scenario("decode, 16 streams", 16, _SHORT_PROMPT, _ANSWER),
)


def load_vocab_size(folder: Path) -> int:
    """Size of a model's vocabulary, from its ``config.json``."""
    return int(json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"])


def memory_bandwidth_gb_s(num_threads: int = 2, size_mib: int = 512) -> float:
    """What ``num_threads`` threads read from memory together, best of five."""
    array = np.ones(size_mib * 2**20 // 8, dtype=np.float64)
    parts = np.array_split(array, num_threads)
    with ThreadPoolExecutor(num_threads) as pool:

        def read() -> float:
            begun = time.perf_counter()
            list(pool.map(np.sum, parts))
            return float(array.nbytes / (time.perf_counter() - begun) / 1e9)

        return max(read() for _ in range(5))


def measure(sides: dict[str, Side], vocab_size: int, num_runs: int) -> Iterator[dict[str, Any]]:
    """The figures of each scenario."""
    rng = np.random.default_rng(0)

    def prompts(scenario: Scenario) -> list[list[int]]:
        shape = (scenario.num_streams, scenario.prompt_tokens)
        ids: list[list[int]] = rng.integers(0, vocab_size - 1000, shape).tolist()
        return ids

    for scenario in SCENARIOS:
        for side in sides.values():
            side.run(prompts(scenario), min(4, scenario.num_tokens))
        speeds: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(num_runs):
            ids = prompts(scenario)
            for name, side in sides.items():
                speeds[name].append(scenario.speed(side.run(ids, scenario.num_tokens)))
        figures: dict[str, Any] = {"scenario": scenario.name}
        figures |= {f"{n} tokens/s": round(statistics.median(v), 1) for n, v in speeds.items()}
        ours, *peers = speeds
        for peer in peers:
            ratios = [a / b for a, b in zip(speeds[ours], speeds[peer], strict=True)]
            figures[f"over {peer}"] = round(statistics.median(ratios), 3)
            figures[f"each over {peer}"] = [round(ratio, 3) for ratio in ratios]
        yield figures


def host_share(side: Palaver, num_streams: int, num_runs: int) -> dict[str, float]:
    """What a step spends outside the model, with temperature, top-p and all penalties."""
    rng = np.random.default_rng(1)
    side.host_s.clear()
    side.model_s.clear()
    for _ in range(num_runs):
        shape = (num_streams, _SHORT_PROMPT)
        side.run(rng.integers(0, side.vocab_size - 1000, shape).tolist(), _ANSWER, _SAMPLED)
    host, model = statistics.median(side.host_s), statistics.median(side.model_s)
    return {
        "host ms": round(1e3 * host, 3),
        "model ms": round(1e3 * model, 3),
        "share of the step": round(host / (host + model), 4),
    }


def report(figures: list[dict[str, Any]], console: Console) -> None:
    """Print the table."""
    names = [name for name in figures[0] if not name.startswith("each ")]
    table = Table(*names)
    for row in figures:
        table.add_row(*(str(row[name]) for name in names))
    console.print(table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cache-precision", default="f16")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    ours = Palaver(options.folder, options.cache_precision)
    sides: dict[str, Side] = {
        "palaver": ours,
        "genai": Genai(options.folder),
        "genai with groups of 64": Genai(options.folder, DYNAMIC_QUANTIZATION_GROUP_SIZE=64),
    }
    figures = []
    console = Console()
    for row in measure(sides, ours.vocab_size, options.runs):
        figures.append(row)
        console.print(row)
    report(figures, console)
    weights = (options.folder / "openvino_model.bin").stat().st_size
    bandwidth = memory_bandwidth_gb_s()
    single = next(f["palaver tokens/s"] for f in figures if f["scenario"] == "decode, 1 stream")
    summary = {
        "machine": describe_machine(),
        "folder": options.folder.name,
        "cache precision": options.cache_precision,
        "runs": options.runs,
        "weights MB": round(weights / 1e6, 1),
        "bandwidth GB/s": round(bandwidth, 2),
        "one stream reads GB/s": round(single * weights / 1e9, 2),
        "share of bandwidth": round(single * weights / 1e9 / bandwidth, 3),
        "host share": {
            str(streams): host_share(ours, streams, options.runs) for streams in (1, 8, 16)
        },
        "figures": figures,
    }
    console.print({key: value for key, value in summary.items() if key != "figures"})
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
