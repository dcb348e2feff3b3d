"""The cost of sampling the tokens of a step: ``python -m benchmarks.sampler [--vocab 151936]``.

Rows of random logits, flat as those of an untrained model or peaked as those of a trained one, are
sampled with temperature, top-p and all penalties, in alternation. Reports milliseconds per step.
"""

from __future__ import annotations

import argparse
import statistics
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.report import report
from benchmarks.sides import SAMPLED
from palaver.engine.sampling.kernels import kernels_for
from palaver.engine.sampling.numpy_kernels import NumpyKernels
from palaver.engine.sampling.penalties import TokenCounts
from palaver.engine.sampling.sampler import Sampler, SampleRow

_NUM_ROWS = (1, 8, 16)
_SPREADS = {"flat": 0.7, "peaked": 3.0}
_ANSWER_TOKENS = 40
_PAUSE_S = 0.005


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocab", type=int, default=151_936)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--kernels", choices=["numpy", "fastest"], default="fastest")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    is_plain = options.kernels == "numpy"
    kernels = NumpyKernels if is_plain else partial(kernels_for, options.vocab)
    sampler = Sampler(kernels(options.threads))
    shapes = [(name, num) for name in _SPREADS for num in _NUM_ROWS]
    times: dict[str, list[float]] = {f"{name}, {num} rows": [] for name, num in shapes}
    rng = np.random.default_rng(0)
    for run in range(options.runs):
        for name, num in shapes:
            logits = rng.standard_normal((num, options.vocab), dtype=np.float32) * _SPREADS[name]
            times[f"{name}, {num} rows"].append(_time(sampler, logits, run, rng))
    summary: dict[str, Any] = {
        "machine": describe_machine(),
        "vocabulary": options.vocab,
        "runs": options.runs,
        "ms, median": {name: round(1e3 * statistics.median(t), 3) for name, t in times.items()},
        "ms, least": {name: round(1e3 * min(t), 3) for name, t in times.items()},
    }
    report(summary, options.out)


def _time(
    sampler: Sampler, logits: NDArray[np.float32], position: int, rng: np.random.Generator
) -> float:
    rows = []
    for seed in range(len(logits)):
        counts = TokenCounts(rng.integers(0, logits.shape[1], 8).tolist())
        for token_id in rng.integers(0, logits.shape[1], _ANSWER_TOKENS).tolist():
            counts.add(token_id)
        rows.append(SampleRow(SAMPLED, counts, seed, position))
    time.sleep(_PAUSE_S)  # threads of a real step may still spin as long
    begun = time.perf_counter()
    sampler.sample(logits, rows)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
