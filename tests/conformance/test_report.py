"""The results that ``make conformance`` gives to rows."""

from __future__ import annotations

import pytest

from tests.conformance.report import BEHAVIOURS, LATER, PAGE, RowReport


def report(outcomes: dict[str, list[str]], *through_server: str) -> RowReport:
    row = RowReport(through_server=set(through_server))
    for test, phases in outcomes.items():
        for phase in phases:
            row.note(test, phase)
    return row


@pytest.mark.parametrize(
    ("row", "result"),
    [
        (report({}), "NO TEST"),
        (report({"a": ["passed"] * 3}, "a"), "pass"),
        (report({"a": ["passed"] * 3}), "NOT THROUGH THE SERVER"),
        (report({"a": ["passed"] * 3, "b": ["passed"] * 3}, "b"), "pass"),
        (report({"a": ["passed"] * 3, "b": ["passed", "skipped"]}, "b"), "NOT THROUGH THE SERVER"),
        (report({"a": ["passed", "failed", "passed"], "b": ["passed"]}, "a", "b"), "FAIL"),
        (report({"a": ["passed", "passed", "failed"]}, "a"), "FAIL"),
        (report({"a": ["failed", "passed"]}, "a"), "FAIL"),
        (report({"a": ["skipped", "passed"]}, "a"), "SKIPPED"),
    ],
)
def test_a_promised_row_passes_only_if_it_is_proven_through_the_server(
    row: RowReport, result: str
) -> None:
    assert row.result(is_promised=True) == result


def test_a_row_that_is_not_promised_is_not_yet_or_fails() -> None:
    assert report({}).result(is_promised=False) == "not yet"
    assert report({"a": ["passed"]}, "a").result(is_promised=False) == "not yet"
    assert report({"a": ["failed"]}).result(is_promised=False) == "FAIL"


def test_the_rows_are_all_there() -> None:
    assert list(BEHAVIOURS) == [f"S{number:02}" for number in range(1, 56)]
    assert set(BEHAVIOURS) > LATER


def test_the_page_shows_every_row_and_no_promise_broken() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    for row, behaviour in BEHAVIOURS.items():
        (line,) = [line for line in lines if line.startswith(f"| {row} | {behaviour} |")]
        assert line.endswith("| not yet |" if row in LATER else "| pass |")
