from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from palaver.bench.measurement import Failure, Usage
from palaver.bench.report import notes, significant, table
from palaver.bench.run import Record
from tests.bench.records import record


def cells(records: list[Record], width: int = 140) -> list[list[str]]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table(records, width))
    output = console.file
    assert isinstance(output, io.StringIO)
    return [line.split("  ") for line in output.getvalue().splitlines()]


def rows(records: list[Record]) -> list[list[str]]:
    return [
        [cell.strip() for cell in line if cell.strip()]
        for line in cells(records)
        if line and "".join(line).strip()[:1].isdigit()
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.01234, "0.012"),
        (1.236, "1.24"),
        (12.34, "12.3"),
        (123.4, "123"),
        (12345.6, "12346"),
    ],
)
def test_numbers_have_as_many_digits_as_are_useful(value: float, text: str) -> None:
    assert significant(value) == text


def test_table_has_a_row_for_each_level_with_its_numbers_in_the_units_of_its_head() -> None:
    first, second = rows([record(1, usage=Usage(100, 16)), record(8, usage=Usage(100, 16))])
    assert first[:3] == ["1", "10", "0"]
    assert second[0] == "8"
    assert first[6] == "50.0 / 50.0 / 50.0"
    assert second[6] == "400 / 400 / 400"
    assert first[7] == "10.0 / 10.0 / 10.0"


def test_table_shows_failures_and_what_was_not_measured() -> None:
    (row,) = rows([record(1, num_succeeded=0, failures=(Failure("connect", "refused"),) * 3)])
    assert row == ["1", "0", "3", "0", "0", "0", "-", "-", "-"]


def test_narrow_table_loses_no_number() -> None:
    text = " ".join(" ".join(line) for line in cells([record(64, usage=Usage(100, 16))], width=80))
    for row in rows([record(64, usage=Usage(100, 16))]):
        for number in " / ".join(row).split(" / "):
            assert number in text.split()


def test_notes_name_each_kind_of_failure_with_an_example() -> None:
    failures = (Failure("HTTP 429", "slow [b]down"), Failure("timeout", ""), Failure("timeout", ""))
    text = "\n".join(notes([record(4, usage=Usage(100, 16), failures=failures)]))
    assert "at 4: 1 of 13 requests failed: HTTP 429 (slow [b]down)" in text
    assert "at 4: 2 of 13 requests failed: timeout" in text


def test_clean_run_has_no_notes() -> None:
    assert list(notes([record(1, usage=Usage(100, 16))])) == []


@pytest.mark.parametrize(
    ("flawed", "note"),
    [
        (record(1, usage=Usage(100, 3)), "10 of 10 answers were shorter than 16 tokens"),
        (record(1), "10 answers came without usage"),
        (record(1, usage=Usage(100, 16), has_content=False), "10 answers had no event with"),
        (record(64, usage=Usage(100, 16)), "only 10 requests, so the level was not reached"),
        (record(1, usage=Usage(100, 16, 25)), "25% of the prompts' tokens came from"),
    ],
)
def test_notes_say_what_makes_numbers_hard_to_compare(flawed: Record, note: str) -> None:
    (only,) = notes([flawed])
    assert note in only


def test_json_line_has_all_that_decided_the_level_and_its_result() -> None:
    line = record(8, usage=Usage(100, 16), arrival_rate=2.5).to_json_line()
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    body = json.loads(line)
    assert body["workload"]["prompt_tokens"] == {"low": 128, "high": 256}
    assert body["load"]["arrival_rate"] == 2.5
    assert body["summary"]["output_tokens"] == 160
    assert set(body["summary"]["time_to_first_token_s"]) == {"p50", "p90", "p99", "mean"}
