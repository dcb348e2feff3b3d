"""Printing and saving the figures of a benchmark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console


def report(summary: dict[str, Any], out: Path | None) -> None:
    """Print a summary, and write it as JSON to ``out`` if there is one."""
    Console().print(summary)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
