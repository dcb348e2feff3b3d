"""``make conformance``: the specification row by row, with its tests and their results."""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

ROWS = tomllib.loads((Path(__file__).parent / "rows.toml").read_text(encoding="utf-8"))


class RowResults:
    """Collects, for each row, the outcome of every test that is marked with it."""

    def __init__(self) -> None:
        self.outcomes: dict[str, dict[str, bool]] = defaultdict(dict)
        self._rows: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the marked tests alone."""
        for item in items:
            self._rows[item.nodeid] = [mark.args[0] for mark in item.iter_markers("spec")]
        dropped = [item for item in items if not self._rows[item.nodeid]]
        items[:] = [item for item in items if self._rows[item.nodeid]]
        config.hook.pytest_deselected(items=dropped)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended: right only if each of its phases was."""
        for row in self._rows[report.nodeid]:
            outcomes = self.outcomes[row]
            outcomes[report.nodeid] = outcomes.get(report.nodeid, True) and not report.failed


def table(results: RowResults) -> Table:
    """The rows with the number of their tests and the result."""
    shown = Table("row", "behaviour", "tests", "result")
    for row, behaviour in ROWS.items():
        outcomes = results.outcomes.get(row, {})
        result = "[dim]not yet[/dim]"
        if outcomes:
            result = "[green]pass[/green]" if all(outcomes.values()) else "[red]FAIL[/red]"
        shown.add_row(row, behaviour, str(len(outcomes) or ""), result)
    return shown


def main() -> int:
    """Run the marked tests and print the table; the exit status is pytest's."""
    results = RowResults()
    status = pytest.main(["-q", *sys.argv[1:]], plugins=[results])
    unknown = sorted(set(results.outcomes) - set(ROWS))
    console = Console()
    console.print(table(results))
    if unknown:
        console.print(f"[red]tests are marked with rows that do not exist: {unknown}[/red]")
        return 1
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
