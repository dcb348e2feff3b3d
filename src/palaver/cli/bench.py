"""``palaver bench``: measures how fast a server is, palaver or another."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from palaver.bench.image import image as draw
from palaver.bench.load import Load
from palaver.bench.measurement import Measurement
from palaver.bench.report import notes, table
from palaver.bench.run import Record, Target, run
from palaver.bench.workload import LengthRange, Workload
from palaver.cli import bench_options as options
from palaver.cli.options import fail
from palaver.errors import SettingError

try:
    from uvloop import new_event_loop  # reduces the cost of an event by a quarter
except ImportError:
    from asyncio import new_event_loop  # type: ignore[assignment]

_MIN_REQUESTS = 16
_REQUESTS_PER_CONCURRENCY = 4


def bench(
    model: options.Model,
    url: options.Url = "http://127.0.0.1:8000/v1",
    key: options.Key = None,
    concurrency: options.Concurrency = "1",
    num_requests: options.NumRequests = None,
    duration: options.Duration = None,
    prompt_tokens: options.PromptTokens = "128",
    output_tokens: options.OutputTokens = 64,
    shared_prefix_tokens: options.SharedPrefixTokens = 0,
    seed: options.Seed = 0,
    temperature: options.Temperature = 0.0,
    stream: options.Stream = True,
    ignore_eos: options.IgnoreEos = False,
    forbid_token: options.ForbidToken = None,
    warmup: options.Warmup = 1,
    arrival_rate: options.ArrivalRate = None,
    timeout: options.Timeout = 600.0,
    json: options.Json = None,
    image: options.Image = None,
) -> None:
    """Measure a chat-completions server under load."""
    if num_requests is not None and duration is not None:
        raise fail("--num-requests and --duration cannot be combined")
    try:
        levels = _levels(concurrency)
        prompt_range = LengthRange.parse(prompt_tokens)
    except SettingError as error:
        raise fail(str(error)) from error
    workload = Workload(
        model=model,
        prompt_tokens=prompt_range,
        output_tokens=output_tokens,
        shared_prefix_tokens=shared_prefix_tokens,
        temperature=temperature,
        seed=seed,
        is_streamed=stream,
        ignore_eos=ignore_eos,
        forbidden_token_ids=tuple(forbid_token or ()),
    )
    loads = [_load(level, num_requests, duration, arrival_rate, warmup) for level in levels]
    target = Target(url=url, key=key, timeout_s=timeout)
    records, is_complete = _measure(target, workload, loads, json)
    _show(records, image)
    if not is_complete:
        raise typer.Exit(130)
    if not any(record.summary.num_succeeded for record in records):
        raise fail("every request failed")


def _load(
    concurrency: int,
    num_requests: int | None,
    duration_s: float | None,
    arrival_rate: float | None,
    num_warmup: int,
) -> Load:
    if num_requests is None and duration_s is None:
        num_requests = max(concurrency * _REQUESTS_PER_CONCURRENCY, _MIN_REQUESTS)
    return Load(
        concurrency=concurrency,
        num_requests=num_requests,
        duration_s=duration_s,
        arrival_rate=arrival_rate,
        num_warmup=num_warmup,
    )


def _levels(text: str) -> list[int]:
    try:
        levels = [int(part) for part in text.split(",")]
    except ValueError:
        levels = []
    if not levels or min(levels) < 1 or len(set(levels)) < len(levels):
        raise SettingError(f"--concurrency is {text!r}; write numbers that differ, such as 1,8,16")
    return levels


def _measure(
    target: Target, workload: Workload, loads: Sequence[Load], json: Path | None
) -> tuple[list[Record], bool]:
    """The records of the levels, and whether all are there (not after Ctrl-C)."""
    records: list[Record] = []
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(json.open("ab")) if json else None
        # A slow refresh, since drawing the status takes time from the measurement.
        status = stack.enter_context(
            Console(stderr=True).status(f"measuring {escape(target.url)} …", refresh_per_second=2)
        )

        async def measure() -> None:
            async for record in run(target, workload, loads, _progress(status)):
                records.append(record)
                if file:
                    file.write(record.to_json_line())
                    file.flush()

        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(measure())
        except KeyboardInterrupt:
            return records, False
    return records, True


def _progress(status: Status) -> Callable[[Load, Measurement], None]:
    counts: dict[int, list[int]] = {}

    def show(load: Load, measurement: Measurement) -> None:
        count = counts.setdefault(load.concurrency, [0, 0])
        count[measurement.failure is not None] += 1
        wanted = f" of {load.num_requests}" if load.num_requests else ""
        done, failed = sum(count), count[1]
        status.update(f"{load.concurrency} in flight: {done}{wanted} answered, {failed} failed")

    return show


def _show(records: Sequence[Record], image: Path | None) -> None:
    if not records:
        return
    console = Console(highlight=False)
    console.print(table(records, console.width))
    for note in notes(records):
        console.print(note, markup=False, soft_wrap=True)
    if image:
        draw(records).save(image, "PNG")
