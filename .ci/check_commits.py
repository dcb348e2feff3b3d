"""Check the subjects of the commits after BASE: at most 72 characters, no full stop at the end.

::

    python .ci/check_commits.py BASE
"""

from __future__ import annotations

import subprocess
import sys

MAX_SUBJECT = 72


def faults(subjects: list[str]) -> list[str]:
    """What is wrong, a line for each subject that breaks a rule."""
    found = []
    for subject in subjects:
        if len(subject) > MAX_SUBJECT:
            found.append(f"{len(subject)} characters, {MAX_SUBJECT} at most: {subject}")
        if subject.endswith("."):
            found.append(f"ends with a full stop: {subject}")
    return found


def subjects_after(base: str) -> list[str]:
    """The subjects of all commits of this branch that are not in ``base``; merges do not count."""
    command = ["git", "log", "--no-merges", "--format=%s", f"{base}..HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


if __name__ == "__main__":
    sys.exit("\n".join(faults(subjects_after(sys.argv[1]))) or None)
