"""``make bench``: the benchmarks that need only the built-in model."""

from __future__ import annotations

import subprocess
import sys

from palaver.models.catalogue import BUILT_IN_FOLDER

MEASUREMENTS = (
    ("benchmarks.together",),
    ("benchmarks.scheduling", str(BUILT_IN_FOLDER)),
)


def main() -> int:
    """Run them one after another; returns the exit status of the first that failed."""
    for measurement in MEASUREMENTS:
        print(f"== {' '.join(measurement)}", flush=True)
        status = subprocess.run([sys.executable, "-m", *measurement], check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
