"""The report of a run: a table, and notes on how to interpret it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from palaver.bench.run import Record
from palaver.bench.summary import Percentiles, Summary

_WIDE = 120


def table(records: Sequence[Record], width: int) -> Table:
    """One row for each level; latencies are p50 / p90 / p99, on separate lines if it is narrow."""
    is_wide = width >= _WIDE
    separator = " / " if is_wide else "\n"
    table = Table(box=SIMPLE_HEAD, show_lines=not is_wide, padding=(0, 1, 0, 0))
    headings = ("at\nonce", "ok", "failed", "requests\n/s", "output\ntokens/s", "total\ntokens/s")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for heading, unit in (("first\ntoken", "ms"), ("between\ntokens", "ms"), ("end to\nend", "s")):
        name = heading.replace("\n", " ") if is_wide else heading
        percentiles = separator.join(("p50", "p90", "p99"))
        table.add_column(f"{name}\n{unit}\n{percentiles}", justify="right", no_wrap=True)
    for record in records:
        table.add_row(*_row(record.summary, separator))
    return table


def _row(summary: Summary, separator: str) -> Iterator[str]:
    yield f"{summary.concurrency}"
    yield f"{summary.num_succeeded}"
    yield f"[red]{summary.num_failed}[/red]" if summary.num_failed else "0"
    yield significant(summary.requests_per_s)
    yield significant(summary.output_tokens_per_s)
    yield significant(summary.total_tokens_per_s)
    yield _spread(summary.time_to_first_token_s, 1000, separator)
    yield _spread(summary.inter_token_s, 1000, separator)
    yield _spread(summary.end_to_end_s, 1, separator)


def _spread(percentiles: Percentiles | None, scale: float, separator: str) -> str:
    if percentiles is None:
        return "-"
    values = (percentiles.p50, percentiles.p90, percentiles.p99)
    return separator.join(significant(value * scale) for value in values)


def significant(value: float) -> str:
    """A number with at least three significant digits."""
    if value == 0:
        return "0"
    for limit, decimals in ((100, 0), (10, 1), (1, 2)):
        if abs(value) >= limit:
            return f"{value:.{decimals}f}"
    return f"{value:.3f}"


def notes(records: Sequence[Record]) -> Iterator[str]:
    """Notes on failures, and on what makes levels or servers hard to compare."""
    for record in records:
        for note in _notes(record):
            yield f"at {record.load.concurrency}: {note}"


def _notes(record: Record) -> Iterator[str]:
    summary, load = record.summary, record.load
    for kind, num in summary.failures.items():
        example = summary.failure_examples[kind]
        yield f"{num} of {summary.num_requests} requests failed: {kind} ({example})"
    if summary.num_requests < load.concurrency:
        yield f"there were only {summary.num_requests} requests, so the level was not reached"
    if summary.num_without_usage:
        yield (
            f"{summary.num_without_usage} answers came without usage; their prompts' tokens are "
            "missing, and their output tokens are the number of events"
        )
    if summary.num_without_content and record.workload.is_streamed:
        yield (
            f"{summary.num_without_content} answers had no event with content, and are not in the "
            "times to first token"
        )
    if summary.num_shorter:
        yield (
            f"{summary.num_shorter} of {summary.num_succeeded} answers were shorter than "
            f"{record.workload.output_tokens} tokens; --ignore-eos or --forbid-token prevents it"
        )
    if summary.cached_tokens:
        share = summary.cached_tokens / summary.prompt_tokens if summary.prompt_tokens else 0.0
        yield f"{share:.0%} of the prompts' tokens came from the server's cache"
