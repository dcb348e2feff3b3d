"""The records of a run as an image: throughput and latencies over concurrency."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import Image

from palaver.bench.chart import FAINT, Box, Canvas, Panel
from palaver.bench.report import significant
from palaver.bench.run import Record
from palaver.bench.summary import Percentiles, Summary

_WIDTH, _HEIGHT = 1280, 900
_MARGIN = 32
_HEADER = 92
_AXIS = "requests at once"


def image(records: Sequence[Record]) -> Image.Image:
    """Four charts with one category for each record; at least one record is needed."""
    canvas = Canvas(_WIDTH, _HEIGHT)
    first = records[0]
    canvas.text(_MARGIN, 22, first.workload.model, size=26)
    canvas.text(_MARGIN, 58, _subtitle(first), size=14, fill=FAINT)
    middle = (_HEADER + _HEIGHT) / 2
    for index, panel in enumerate(panels(records)):
        left = _MARGIN if index % 2 == 0 else _WIDTH / 2 + _MARGIN / 2
        top = _HEADER if index < 2 else middle
        box = Box(left, top + 12, left + (_WIDTH - 3 * _MARGIN) / 2, top + middle - _HEADER - 8)
        canvas.panel(box, panel, significant)
    return canvas.finish()


def panels(records: Sequence[Record]) -> list[Panel]:
    """What the image shows, chart by chart."""
    summaries = [record.summary for record in records]
    categories = [_category(summary) for summary in summaries]
    throughput = [s.output_tokens_per_s if s.num_succeeded else None for s in summaries]
    return [
        Panel(
            title="Throughput (output tokens/s)",
            axis=_AXIS,
            categories=categories,
            series=[("output tokens/s", throughput)],
            is_bars=True,
            absence="no request succeeded",
        ),
        _latencies("Time to first token", categories, summaries, lambda s: s.time_to_first_token_s),
        _latencies("Between tokens", categories, summaries, lambda s: s.inter_token_s),
        _latencies("End to end", categories, summaries, lambda s: s.end_to_end_s),
    ]


def _latencies(
    title: str,
    categories: Sequence[str],
    summaries: Sequence[Summary],
    pick: Callable[[Summary], Percentiles | None],
) -> Panel:
    picked = [pick(summary) for summary in summaries]
    longest_s = max((p.p99 for p in picked if p is not None), default=0.0)
    unit, scale = ("s", 1.0) if longest_s >= 2 else ("ms", 1000.0)

    def values(name: str) -> list[float | None]:
        return [None if p is None else getattr(p, name) * scale for p in picked]

    return Panel(
        title=f"{title} ({unit})",
        axis=_AXIS,
        categories=categories,
        series=[(name, values(name)) for name in ("p50", "p90", "p99")],
    )


def _category(summary: Summary) -> str:
    failed = f" ({summary.num_failed} failed)" if summary.num_failed else ""
    return f"{summary.concurrency}{failed}"


def _subtitle(record: Record) -> str:
    workload, load = record.workload, record.load
    parts = [
        record.url,
        f"{record.begun_at:%Y-%m-%d %H:%M} UTC",
        f"prompts about {workload.prompt_tokens} tokens",
    ]
    if workload.shared_prefix_tokens:
        parts.append(f"after a shared prefix of {workload.shared_prefix_tokens}")
    parts.append(f"output {workload.output_tokens}")
    if load.arrival_rate is not None:
        parts.append(f"{load.arrival_rate:g} arrivals/s")
    return ", ".join(parts)
