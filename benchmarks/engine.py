"""The engine against openvino-genai's ContinuousBatchingPipeline: same process, same weights.

``python -m benchmarks.engine FOLDER [--runs 5] [--out FILE]`` needs openvino-genai installed. A run
decodes N streams from prompts of 8 tokens, or reads prompts of 512. The sides take turns *step by
step*, so that the machine's moods meet all alike; a run's ratio is the median of those of the steps
that lay side by side, and medians over the runs are reported. Processor time is compared as well,
which other programs on the machine disturb less. The pipeline runs twice: as it comes, and with the
activation groups that palaver sets for the plugin. Beside them stand the memory bandwidth that the
machine shows in the same run, and the host's share of our step with every sampling parameter in
use.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
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
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams
from palaver.models.formats import open_files
from palaver.runtime import RuntimeConfig, load_runtime

_CACHE_BYTES = 2 * 2**30
_SHORT_PROMPT = 8
_LONG_PROMPT = 512
_ANSWER = 40
_GREEDY = SamplingParams(max_tokens=0, seed=0, temperature=0.0)
SAMPLED = SamplingParams(
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

    def begin(self, prompts: list[list[int]], num_tokens: int) -> None:
        """Queue a greedy answer of ``num_tokens`` to each prompt, none to end early."""

    def step(self) -> bool:
        """Compute one step; whether more are to come."""

    def settle(self) -> None:
        """Do what is left to do when all answers are complete."""


class Palaver:
    """Our engine, in this process."""

    def __init__(self, folder: Path, cache_precision: Any) -> None:
        runtime = RuntimeConfig(
            folder=str(folder),
            cache_bytes=_CACHE_BYTES,
            cache_precision=cache_precision,
            multimodal=open_files(folder).multimodal,
        )
        self._engine = Engine(load_runtime(runtime))
        self.vocab_size = load_vocab_size(folder)
        self.host_s: list[float] = []
        self.model_s: list[float] = []

    def begin(
        self, prompts: list[list[int]], num_tokens: int, params: SamplingParams = _GREEDY
    ) -> None:
        """See :class:`Side`; ``params`` without their number of tokens."""
        params = msgspec.structs.replace(params, max_tokens=num_tokens)
        for i, prompt in enumerate(prompts):
            self._engine.add(GenerationRequest(i, Prompt(prompt), params))

    def step(self) -> bool:
        """See :class:`Side`."""
        self._engine.step()
        return self._engine.num_requests > 0

    def settle(self) -> None:
        """See :class:`Side`: the cache is warmed up."""
        while self._engine.has_work:
            self._engine.step()

    def run(
        self, prompts: list[list[int]], num_tokens: int, params: SamplingParams = _GREEDY
    ) -> Timing:
        """All of it at once, timed."""
        begun = time.perf_counter()
        self.begin(prompts, num_tokens, params)
        num_first, first_s = 0, 0.0
        while self._engine.num_requests:
            result = self._engine.step()
            if num_first < len(prompts):
                num_first += len({token.request_id for token in result.tokens})
                first_s = time.perf_counter() - begun
            elif result.stats:
                self.host_s.append(result.stats.host_s)
                self.model_s.append(result.stats.model_s)
        total_s = time.perf_counter() - begun
        self.settle()
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
        self._handles: list[Any] = []

    def begin(self, prompts: list[list[int]], num_tokens: int) -> None:
        """See :class:`Side`."""
        import openvino

        for prompt in prompts:
            config = self._genai.GenerationConfig()
            config.max_new_tokens = num_tokens
            config.ignore_eos = True
            config.do_sample = False
            ids = openvino.Tensor(np.array([prompt], dtype=np.int64))
            self._num_requests += 1
            self._handles.append(self._pipeline.add_request(self._num_requests, ids, config))

    def step(self) -> bool:
        """See :class:`Side`."""
        self._pipeline.step()
        return bool(self._pipeline.has_non_finished_requests())

    def settle(self) -> None:
        """See :class:`Side`: drop the answers."""
        while self._pipeline.has_non_finished_requests():
            self._pipeline.step()
        self._handles.clear()


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is measured: tokens per second of a kind of step.

    Attributes:
        name: In the report.
        num_streams: Answers at once.
        prompt_tokens: Length of each prompt.
        num_tokens: Length of each answer; 1 measures the reading of prompts, one after another.
    """

    name: str
    num_streams: int
    prompt_tokens: int
    num_tokens: int

    @property
    def num_rounds(self) -> int:
        """How often answers are begun in one run."""
        return 3 if self.num_tokens == 1 else 1

    @property
    def tokens_per_step(self) -> int:
        """What a measured step computes."""
        return self.prompt_tokens if self.num_tokens == 1 else self.num_streams


SCENARIOS = (
    Scenario("prompt of 512", 1, _LONG_PROMPT, 1),
    Scenario("decode, 1 stream", 1, _SHORT_PROMPT, _ANSWER),
    Scenario("decode, 8 streams", 8, _SHORT_PROMPT, _ANSWER),
    Scenario("decode, 16 streams", 16, _SHORT_PROMPT, _ANSWER),
)


def load_vocab_size(folder: Path) -> int:
    """Size of a model's vocabulary, from its ``config.json``."""
    return int(open_files(folder).text_config["vocab_size"])


def memory_bandwidth_gb_s(num_threads: int = 2, size_mib: int = 512) -> float:
    """What ``num_threads`` threads read from memory together, best of twenty."""
    array = np.ones(size_mib * 2**20 // 4, dtype=np.float32)
    parts = np.array_split(array, num_threads)
    with ThreadPoolExecutor(num_threads) as pool:

        def read() -> float:
            begun = time.perf_counter()
            list(pool.map(np.max, parts))
            return float(array.nbytes / (time.perf_counter() - begun) / 1e9)

        return max(read() for _ in range(20))


Steps = dict[str, list[tuple[float, float]]]
"""Wall and processor seconds of each step, by side."""


def timed_step(side: Side) -> tuple[bool, float, float]:
    """One step: whether more are to come, its wall and its processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    has_more = side.step()
    return has_more, time.perf_counter() - wall, time.process_time() - cpu


def take_turns(
    sides: dict[str, Side], scenario: Scenario, make_prompts: Callable[[], list[list[int]]]
) -> Steps:
    """One run: the sides step by step in turn, each of them first as often as the others."""
    steps: Steps = {name: [] for name in sides}
    names = list(sides)
    for _ in range(scenario.num_rounds):
        prompts = make_prompts()
        for side in sides.values():
            side.begin(prompts, scenario.num_tokens)
            if scenario.num_tokens > 1:
                side.step()
        has_more = True
        while has_more:
            names.append(names.pop(0))
            for name in names:
                more, wall_s, cpu_s = timed_step(sides[name])
                has_more &= more
                steps[name].append((wall_s, cpu_s))
        for side in sides.values():
            side.settle()
    return steps


def ratios(steps: Steps, ours: str, peer: str) -> tuple[float, float]:
    """How much faster we are in a run: by the clock, and in processor time."""
    pairs = list(zip(steps[ours], steps[peer], strict=True))
    by_clock = statistics.median(theirs[0] / mine[0] for mine, theirs in pairs)
    return by_clock, statistics.median(theirs[1] / mine[1] for mine, theirs in pairs)


def measure(sides: dict[str, Side], vocab_size: int, num_runs: int) -> Iterator[dict[str, Any]]:
    """The figures of each scenario."""
    rng = np.random.default_rng(0)
    ours, *peers = sides
    for scenario in SCENARIOS:
        shape = (scenario.num_streams, scenario.prompt_tokens)

        def make_prompts(shape: tuple[int, int] = shape) -> list[list[int]]:
            ids: list[list[int]] = rng.integers(0, vocab_size - 1000, shape).tolist()
            return ids

        runs = []
        for run in range(num_runs + 1):
            steps = take_turns(sides, scenario, make_prompts)
            runs += [steps] if run else []  # the first one warms up
        figures: dict[str, Any] = {"scenario": scenario.name, "steps": len(runs[0][ours])}
        for name in sides:
            medians = [statistics.median(wall for wall, _ in steps[name]) for steps in runs]
            speed = scenario.tokens_per_step / statistics.median(medians)
            figures[f"{name} tokens/s"] = round(speed, 1)
        for peer in peers:
            each = [ratios(steps, ours, peer) for steps in runs]
            figures[f"over {peer}"] = round(statistics.median(wall for wall, _ in each), 3)
            cpu = statistics.median(cpu for _, cpu in each)
            figures[f"over {peer}, processor time"] = round(cpu, 3)
            figures[f"each over {peer}"] = [round(wall, 3) for wall, _ in each]
        least = min(wall for steps in runs for wall, _ in steps[ours])
        figures["palaver tokens/s, quickest step"] = round(scenario.tokens_per_step / least, 1)
        yield figures


def host_share(side: Palaver, num_streams: int, num_runs: int) -> dict[str, float]:
    """What a step spends outside the model, with temperature, top-p and all penalties."""
    rng = np.random.default_rng(1)
    side.host_s.clear()
    side.model_s.clear()
    for _ in range(num_runs):
        shape = (num_streams, _SHORT_PROMPT)
        side.run(rng.integers(0, side.vocab_size - 1000, shape).tolist(), _ANSWER, SAMPLED)
    host, model = statistics.median(side.host_s), statistics.median(side.model_s)
    return {
        "host ms, median": round(1e3 * host, 3),
        "host ms, least": round(1e3 * min(side.host_s), 3),
        "model ms, median": round(1e3 * model, 3),
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
    single, quickest = next(
        (f["palaver tokens/s"], f["palaver tokens/s, quickest step"])
        for f in figures
        if f["scenario"] == "decode, 1 stream"
    )
    summary = {
        "machine": describe_machine(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "folder": options.folder.name,
        "cache precision": options.cache_precision,
        "runs": options.runs,
        "weights MB": round(weights / 1e6, 1),
        "bandwidth GB/s": round(bandwidth, 2),
        "one stream reads GB/s": round(single * weights / 1e9, 2),
        "share of bandwidth": round(single * weights / 1e9 / bandwidth, 3),
        "share of bandwidth, quickest step": round(quickest * weights / 1e9 / bandwidth, 3),
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
