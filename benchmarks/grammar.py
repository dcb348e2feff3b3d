"""Cost and gain of grammars: ``python -m benchmarks.grammar FOLDER [--runs 5] [--out FILE]``.

- **fast-forward**: 8 streams answer a schema with long fixed keys, with and without fast-forward
  tokens: tokens per second of each, their ratio, and model steps per output token.
- **masks**: 8 streams write a JSON string of any text, against 8 streams without a grammar: the
  time that masks add to a step.

Runs of the two variants alternate; medians are reported. Each ratio is also given in processor
time, which other programs on the machine hardly change.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.report import report
from benchmarks.sides import load_vocab_size
from palaver.engine.engine import Engine
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.engine.grammar.constraint import Constraint
from palaver.generation.request import GenerationRequest, Grammar, Prompt, SamplingParams
from palaver.models.formats import open_files
from palaver.runtime import RuntimeConfig, load_runtime

_NUM_STREAMS = 8
_STOPS = (2,)
_NO_STOPS: tuple[int, ...] = ()
_KEYS = (
    "the full name of the customer",
    "the street and the number of the house",
    "the city in which the customer lives",
    "the telephone number with its country code",
    "the date on which the contract was signed",
)
_SCHEMA = {
    "type": "object",
    "properties": {key: {"type": "string", "pattern": "^[a-z]{3,6}$"} for key in _KEYS},
    "required": list(_KEYS),
    "additionalProperties": False,
    "x-guidance": {"whitespace_flexible": False},
}
_LONG_KEYS = Grammar(f"start: %json {json.dumps(_SCHEMA)}", "response_format")
_ANY_STRING = Grammar('start: /"[^"\\\\\\x00-\\x1f]{1000,5000}"/', "response_format")
_NUM_MASKED_TOKENS = 48


class _StepByStep(Constraint):
    """A constraint without fast-forward: each token is sampled in a step of its own."""

    def fast_forward(self, max_tokens: int) -> list[int]:  # noqa: ARG002
        return []


class Bench:
    """One engine that runs the streams of all variants."""

    def __init__(self, folder: Path) -> None:
        files = open_files(folder)
        runtime = load_runtime(
            RuntimeConfig(folder=str(folder), cache_bytes=2**30, multimodal=files.multimodal)
        )
        self._engine = Engine(runtime)
        self._compiler = GrammarCompiler(files.tokenizer_text, runtime.shape.vocab_size)
        self._vocab_size = load_vocab_size(folder)

    def run(
        self,
        grammar: Grammar | None,
        max_tokens: int,
        kind: type[Constraint],
        stops: tuple[int, ...] = _STOPS,
    ) -> Run:
        """Generate on 8 streams; the figures of the steps after the prompts."""
        rng = np.random.default_rng(0)
        params = SamplingParams(
            max_tokens=max_tokens, seed=0, temperature=0.8, grammar=grammar, stop_token_ids=stops
        )
        for i in range(_NUM_STREAMS):
            prompt = Prompt(rng.integers(40, self._vocab_size - 1000, 16).tolist())
            constraint = None
            if grammar:
                compiled = self._compiler.compile(grammar, _STOPS)
                constraint = kind(compiled.matcher, grammar.field)
            self._engine.add(GenerationRequest(i, prompt, params), constraint)
        self._engine.step()
        num_tokens, step_s, cpu_begun = 0, [], time.process_time()
        while self._engine.num_requests:
            begun = time.perf_counter()
            num_tokens += len(self._engine.step().tokens)
            step_s.append(time.perf_counter() - begun)
        cpu_s = time.process_time() - cpu_begun
        while self._engine.has_work:
            self._engine.step()
        return Run(num_tokens, step_s, cpu_s)


class Run:
    """One run's figures.

    Attributes:
        tokens_per_s: Of all streams together.
        steps_per_token: Steps of a stream for each of its tokens.
        step_s: Median time of a step.
        tokens_per_cpu_s: Tokens per second of processor time.
    """

    def __init__(self, num_tokens: int, step_s: list[float], cpu_s: float) -> None:
        self.tokens_per_cpu_s = num_tokens / cpu_s
        self.tokens_per_s = num_tokens / sum(step_s)
        self.steps_per_token = _NUM_STREAMS * len(step_s) / num_tokens
        self.step_s = statistics.median(step_s)


def fast_forward(bench: Bench, num_runs: int) -> dict[str, Any]:
    """The figures with and without fast-forward tokens."""
    runs = [
        (bench.run(_LONG_KEYS, 400, Constraint), bench.run(_LONG_KEYS, 400, _StepByStep))
        for _ in range(num_runs + 1)
    ][1:]
    ratios = [fast.tokens_per_s / slow.tokens_per_s for fast, slow in runs]
    cpu_ratios = [fast.tokens_per_cpu_s / slow.tokens_per_cpu_s for fast, slow in runs]
    return {
        "tokens/s": round(statistics.median(fast.tokens_per_s for fast, _ in runs), 1),
        "tokens/s step by step": round(statistics.median(s.tokens_per_s for _, s in runs), 1),
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "processor time: ratio": round(statistics.median(cpu_ratios), 2),
        "steps per token": round(statistics.median(fast.steps_per_token for fast, _ in runs), 3),
    }


def masks(bench: Bench, num_runs: int) -> dict[str, Any]:
    """The figures of steps with and without masks."""
    runs = [
        (
            bench.run(_ANY_STRING, _NUM_MASKED_TOKENS, _StepByStep),
            bench.run(None, _NUM_MASKED_TOKENS, Constraint, _NO_STOPS),
        )
        for _ in range(num_runs + 1)
    ][1:]
    ratios = [masked.step_s / free.step_s for masked, free in runs]
    cpu_ratios = [free.tokens_per_cpu_s / masked.tokens_per_cpu_s for masked, free in runs]
    return {
        "step ms": round(1e3 * statistics.median(masked.step_s for masked, _ in runs), 2),
        "step ms without": round(1e3 * statistics.median(free.step_s for _, free in runs), 2),
        "ratio": round(statistics.median(ratios), 4),
        "ratios": [round(ratio, 4) for ratio in ratios],
        "processor time: ratio": round(statistics.median(cpu_ratios), 4),
        "processor time: ratios": [round(ratio, 4) for ratio in cpu_ratios],
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    bench = Bench(options.folder)
    summary = {
        "command": f"python -m benchmarks.grammar FOLDER --runs {options.runs}",
        "machine": describe_machine(),
        "folder": options.folder.name,
        "streams": _NUM_STREAMS,
        "runs": options.runs,
        "fast-forward": fast_forward(bench, options.runs),
        "masks": masks(bench, options.runs),
    }
    report(summary, options.out)


if __name__ == "__main__":
    main()
