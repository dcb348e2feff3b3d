"""The result of each row of the specification, and how many tests prove it."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_FILE = tomllib.loads((Path(__file__).parent / "rows.toml").read_text(encoding="utf-8"))
BEHAVIOURS: dict[str, str] = _FILE["rows"]
LATER: frozenset[str] = frozenset(_FILE["later"])
PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "conformance.md"
SERVER_FIXTURES = {"server", "client"}

PASSED = "pass"
NOT_YET = "not yet"
_FROM_GOOD_TO_BAD = ("passed", "skipped", "failed")
_PREAMBLE = """# Conformance

`make conformance` runs every test that carries the number of a row and writes this page. A row
passes if all of its tests do and some of them go through the real server to the built-in model.

| row | behaviour | tests | through the server | result |
|---|---|---|---|---|
"""


@dataclass
class RowReport:
    """The results of one row.

    Attributes:
        tests: Outcome of each of its tests: ``passed``, ``failed`` or ``skipped``.
        through_server: Those of them that use the real server.
    """

    tests: dict[str, str] = field(default_factory=dict)
    through_server: set[str] = field(default_factory=set)

    def note(self, test: str, outcome: str) -> None:
        """Record how a phase of a test ended; the worst phase is the test's result."""
        known = self.tests.get(test, outcome)
        self.tests[test] = max(known, outcome, key=_FROM_GOOD_TO_BAD.index)

    def result(self, *, is_promised: bool) -> str:
        """The row's result in words; only ``pass`` and ``not yet`` are good."""
        outcomes = set(self.tests.values())
        if "failed" in outcomes:
            return "FAIL"
        if not is_promised:
            return NOT_YET
        if "passed" not in outcomes:
            return "SKIPPED" if outcomes else "NO TEST"
        is_proven = any(self.tests.get(test) == "passed" for test in self.through_server)
        return PASSED if is_proven else "NOT THROUGH THE SERVER"


class Report:
    """A pytest plugin that runs only the marked tests and collects their outcomes by row."""

    def __init__(self) -> None:
        self.rows: dict[str, RowReport] = defaultdict(RowReport)
        self._rows_of: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the marked tests, and record which of them use the server."""
        for item in items:
            rows = list(dict.fromkeys(mark.args[0] for mark in item.iter_markers("spec")))
            self._rows_of[item.nodeid] = rows
            if not SERVER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
                for row in rows:
                    self.rows[row].through_server.add(item.nodeid)
        dropped = [item for item in items if not self._rows_of[item.nodeid]]
        items[:] = [item for item in items if self._rows_of[item.nodeid]]
        config.hook.pytest_deselected(items=dropped)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record how a phase of a test ended."""
        for row in self._rows_of[report.nodeid]:
            self.rows[row].note(report.nodeid, report.outcome)

    @property
    def unknown_rows(self) -> list[str]:
        """Rows that tests are marked with and that do not exist."""
        return sorted(set(self.rows) - set(BEHAVIOURS))

    def lines(self) -> list[tuple[str, str, str, str, str]]:
        """Row, behaviour, number of tests, number of those through the server, result."""
        return [
            (
                row,
                behaviour,
                str(len(self.rows[row].tests) or ""),
                str(len(self.rows[row].through_server & self.rows[row].tests.keys()) or ""),
                self.rows[row].result(is_promised=row not in LATER),
            )
            for row, behaviour in BEHAVIOURS.items()
        ]

    def page(self) -> str:
        """The same as ``docs/reference/conformance.md``."""
        return _PREAMBLE + "".join(f"| {' | '.join(line)} |\n" for line in self.lines())
