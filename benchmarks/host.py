"""What a step costs outside the model: ``python -m benchmarks.host FOLDER [--runs 5]``.

Streams are drawn with temperature, top-p and all penalties. Medians over all steps of all runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.engine import Palaver, host_share
from benchmarks.machine import describe_machine
from benchmarks.report import report

_LEVELS = (1, 8, 16, 64, 256)


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
