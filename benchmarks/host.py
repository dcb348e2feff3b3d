"""The cost of a step outside the model: ``python -m benchmarks.host FOLDER [--runs 5]``.

Streams are sampled with temperature, top-p and all penalties. Medians over all steps of all runs.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.report import report
from benchmarks.sides import SAMPLED, Palaver

_LEVELS = (1, 8, 16, 64, 256)
_PROMPT = 8
_ANSWER = 40


def host_share(side: Palaver, num_streams: int, num_runs: int) -> dict[str, float]:
    """The time of steps outside the model, with temperature, top-p and all penalties."""
    rng = np.random.default_rng(1)
    side.host_s.clear()
    side.model_s.clear()
    for _ in range(num_runs):
        shape = (num_streams, _PROMPT)
        side.run(rng.integers(0, side.vocab_size - 1000, shape).tolist(), _ANSWER, SAMPLED)
    host, model = statistics.median(side.host_s), statistics.median(side.model_s)
    return {
        "host ms, median": round(1e3 * host, 3),
        "host ms, least": round(1e3 * min(side.host_s), 3),
        "model ms, median": round(1e3 * model, 3),
        "share of the step": round(host / (host + model), 4),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    ours = Palaver(options.folder, "f16")
    host_share(ours, max(_LEVELS), 1)
    summary = {
        "machine": describe_machine(),
        "folder": options.folder.name,
        "runs": options.runs,
        "host share": {str(num): host_share(ours, num, options.runs) for num in _LEVELS},
    }
    report(summary, options.out)


if __name__ == "__main__":
    main()
