"""The engine against openvino-genai's ContinuousBatchingPipeline: same process, same weights.

``python -m benchmarks.engine FOLDER [--runs 5] [--out FILE]`` needs openvino-genai installed. A run
decodes N streams from prompts of 8 tokens, or computes the prefill of prompts of 512. The engines
alternate *step by step*, so that changes in the machine's load affect all alike; a run's ratio is
the median of the ratios of adjacent steps, and medians over the runs are reported. Processor time
is compared as well, which other programs on the machine disturb less. The pipeline runs twice: with
its defaults, and with the activation groups that palaver sets for the plugin. The memory bandwidth
in the same run is reported as well, and the share of palaver's step outside the model with every
sampling parameter in use.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.host import host_share
from benchmarks.machine import describe_machine, memory_bandwidth_gb_s
from benchmarks.sides import Genai, Palaver, Side

_SHORT_PROMPT = 8
_LONG_PROMPT = 512
_ANSWER = 40


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of step whose tokens per second are measured.

    Attributes:
        name: Its name in the report.
        num_streams: Concurrent answers.
        prompt_tokens: Length of each prompt.
        num_tokens: Length of each answer; 1 measures prefill, one prompt after another.
    """

    name: str
    num_streams: int
    prompt_tokens: int
    num_tokens: int

    @property
    def num_rounds(self) -> int:
        """Rounds of answers in one run."""
        return 3 if self.num_tokens == 1 else 1

    @property
    def tokens_per_step(self) -> int:
        """Tokens that a measured step computes."""
        return self.prompt_tokens if self.num_tokens == 1 else self.num_streams


SCENARIOS = (
    Scenario("prompt of 512", 1, _LONG_PROMPT, 1),
    Scenario("decode, 1 stream", 1, _SHORT_PROMPT, _ANSWER),
    Scenario("decode, 8 streams", 8, _SHORT_PROMPT, _ANSWER),
    Scenario("decode, 16 streams", 16, _SHORT_PROMPT, _ANSWER),
)


Steps = dict[str, list[tuple[float, float]]]
"""Wall and processor seconds of each step, by side."""


def timed_step(side: Side) -> tuple[bool, float, float]:
    """One step: whether more are to come, its wall and its processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    has_more = side.step()
    return has_more, time.perf_counter() - wall, time.process_time() - cpu


def alternate(
    sides: dict[str, Side], scenario: Scenario, make_prompts: Callable[[], list[list[int]]]
) -> Steps:
    """One run: the engines alternate step by step, each of them first equally often."""
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
    """How much faster ``ours`` is in a run: in wall time, and in processor time."""
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
            steps = alternate(sides, scenario, make_prompts)
            runs += [steps] if run else []  # the first one is a warm-up
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
