"""A whole run: one level of load after another."""

from __future__ import annotations

import datetime
import functools
from collections.abc import AsyncIterator, Callable, Sequence

import httpx
import msgspec

from palaver.bench.client import Client
from palaver.bench.load import Load, run_level
from palaver.bench.measurement import Measurement
from palaver.bench.summary import Summary
from palaver.bench.workload import Workload


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The server that is measured.

    Attributes:
        url: The API's base, which usually ends in ``/v1``.
        key: Its API key, which no record contains.
        timeout_s: How long a whole request may take.
    """

    url: str
    key: str | None = None
    timeout_s: float = 600.0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One level of load: its parameters and its results."""

    begun_at: datetime.datetime
    url: str
    timeout_s: float
    workload: Workload
    load: Load
    summary: Summary

    def to_json_line(self) -> bytes:
        r"""The record as one line, ``\n`` included."""
        return msgspec.json.encode(self) + b"\n"


async def run(
    target: Target,
    workload: Workload,
    loads: Sequence[Load],
    on_measured: Callable[[Load, Measurement], None] = lambda _, __: None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Record]:
    """The record of each level, as soon as it ends; every level opens new connections."""
    for load in loads:
        begun_at = datetime.datetime.now(datetime.UTC)
        async with Client(
            target.url,
            target.key,
            concurrency=load.concurrency,
            timeout_s=target.timeout_s,
            transport=transport,
        ) as client:
            measurements = await run_level(
                client, workload, load, functools.partial(on_measured, load)
            )
        yield Record(
            begun_at=begun_at,
            url=target.url,
            timeout_s=target.timeout_s,
            workload=workload,
            load=load,
            summary=Summary.of(load.concurrency, workload.output_tokens, measurements),
        )
