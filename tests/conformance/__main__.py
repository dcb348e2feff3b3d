"""``make conformance``: the specification row by row, with its tests and their results.

Arguments are passed to pytest. Without any, all marked tests run,
``docs/reference/conformance.md`` is written, and a row that is promised but not proven through the
real server is a failure.
"""

from __future__ import annotations

import sys

import pytest
from rich.console import Console
from rich.table import Table

from tests.conformance.report import NOT_YET, PAGE, PASSED, Report

_STYLES = {PASSED: "green", NOT_YET: "dim"}


def table(report: Report) -> Table:
    """The rows for a terminal."""
    shown = Table("row", "behaviour", "tests", "server", "result")
    for *columns, result in report.lines():
        shown.add_row(*columns, f"[{_STYLES.get(result, 'red')}]{result}[/]")
    return shown


def main() -> int:
    """Run the marked tests and print each row's result; 0 if all promises hold."""
    report = Report()
    arguments = sys.argv[1:]
    status = pytest.main(["-q", *arguments], plugins=[report])
    console = Console()
    console.print(table(report))
    if report.unknown_rows:
        console.print(f"[red]tests are marked with rows that do not exist: {report.unknown_rows}")
    if arguments:
        return int(status) or bool(report.unknown_rows)
    PAGE.write_text(report.page(), encoding="utf-8")
    unproven = [row for row, *_, result in report.lines() if result not in _STYLES]
    if unproven:
        console.print(f"[red]promised, but not proven through the server: {', '.join(unproven)}")
    return int(status) or bool(unproven or report.unknown_rows)


if __name__ == "__main__":
    sys.exit(main())
