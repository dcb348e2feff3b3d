"""Schemas are checked in child processes, within limits, and cached."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from palaver.chat.schema import check_schema
from palaver.errors import InvalidRequest, ModelNotAvailable
from palaver.host.calls import Caller
from palaver.host.child import ChildError
from palaver.schemas.checker import SchemaChecker
from tests.host.processes import children_of

GOOD = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
BAD = {"type": "object", "properties": {"a": {"not": {}}}}
HOSTILE = {"allOf": [{"type": "integer", "multipleOf": n} for n in (9973, 9967, 9949, 9941)]}
"""A schema whose check would take minutes and gigabytes."""


def run(work: Callable[[SchemaChecker], Awaitable[None]], **options: Any) -> None:
    async def within() -> None:
        made = SchemaChecker(**options)
        try:
            await work(made)
        finally:
            await made.close()

    asyncio.run(within())


@pytest.mark.spec("S35")
def test_a_checked_schema_is_returned_in_normal_form() -> None:
    async def work(made: SchemaChecker) -> None:
        assert await made.check(GOOD, "schema") == check_schema(GOOD, "schema")

    run(work)


@pytest.mark.spec("S36")
def test_a_refusal_is_the_same_each_time() -> None:
    async def work(made: SchemaChecker) -> None:
        for path in ("schema", "schema", "tools[0]"):
            with pytest.raises(InvalidRequest) as caught:
                await made.check(BAD, path)
            assert caught.value.param == f"{path}.properties.a.not"

    run(work)


@pytest.mark.spec("S36")
def test_hostile_schemas_are_refused_and_do_not_delay_others() -> None:
    async def work(made: SchemaChecker) -> None:
        await made.check(GOOD, "known")
        assert made.pid
        while children_of(made.pid):  # the known one's process, which is about to end
            await asyncio.sleep(0.01)
        hostile = [asyncio.create_task(made.check(HOSTILE, f"hostile {i}")) for i in range(4)]
        while len(checks := children_of(made.pid)) < len(hostile):
            await asyncio.sleep(0.01)
        for pid in checks:  # stopped, so that they last until the others are checked
            os.kill(pid, signal.SIGSTOP)
        await made.check(GOOD, "known")
        await made.check(GOOD, "new")
        assert not any(task.done() for task in hostile)
        for pid in checks:
            os.kill(pid, signal.SIGCONT)
        for refusal in await asyncio.gather(*hostile, return_exceptions=True):
            assert isinstance(refusal, InvalidRequest)
            assert "takes more than 2 s" in refusal.message

    run(work)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The schemas that are sent to processes, which accept all of them."""
    found: list[bytes] = []

    async def call(self: Caller, content: bytes) -> bytes:
        found.append(content)
        await asyncio.sleep(0)
        return b"{}"

    monkeypatch.setattr(Caller, "call", call)
    return found


def test_a_schema_is_checked_once(asked: list[bytes]) -> None:
    async def work(made: SchemaChecker) -> None:
        await asyncio.gather(*(made.check(GOOD, "schema") for _ in range(5)))
        await made.check(GOOD, "schema")
        assert len(asked) == 1

    run(work)


def test_only_recently_used_schemas_are_cached(asked: list[bytes]) -> None:
    async def work(made: SchemaChecker) -> None:
        for i in (*range(10), 9, 8, 7, 0):
            await made.check({"const": i}, "schema")
        assert [json.loads(content)[1]["const"] for content in asked] == [*range(10), 0]

    run(work, max_known=3)


def test_a_check_that_waits_too_long_is_reported_as_overload_and_not_cached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work(made: SchemaChecker) -> None:
        with monkeypatch.context() as busy:
            busy.setattr(made, "_timeout_s", 0.0)
            with pytest.raises(ModelNotAvailable, match="too busy"):
                await made.check(GOOD, "schema")
        assert await made.check(GOOD, "schema") == check_schema(GOOD, "schema")

    run(work)


def test_a_cancelled_check_does_not_affect_others_of_the_same_schema() -> None:
    async def work(made: SchemaChecker) -> None:
        first, second = (asyncio.create_task(made.check(GOOD, "schema")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == check_schema(GOOD)

    run(work)


def test_the_process_is_started_again_when_it_has_died() -> None:
    async def work(made: SchemaChecker) -> None:
        await made.check(GOOD, "one")
        first = made.pid
        assert first
        os.kill(first, signal.SIGKILL)  # its end may be noticed before or after the next call
        await made.check(GOOD, "two")
        assert made.pid != first
        num_open = len(list(Path("/proc/self/fd").iterdir()))
        os.kill(made.pid or 0, signal.SIGKILL)
        await made.check(GOOD, "three")
        assert len(list(Path("/proc/self/fd").iterdir())) <= num_open

    run(work)


def test_a_process_that_dies_at_every_schema_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def die(self: Caller, content: bytes) -> bytes:
        raise ChildError("it ended")

    monkeypatch.setattr(Caller, "call", die)

    async def work(made: SchemaChecker) -> None:
        with pytest.raises(ModelNotAvailable, match="ended repeatedly"):
            await made.check(GOOD, "schema")

    run(work)


def test_no_processes_are_left_after_the_checks() -> None:
    async def work(made: SchemaChecker) -> None:
        for i in range(5):
            await made.check({"const": i}, "schema")
        children = Path(f"/proc/{made.pid}/task/{made.pid}/children")
        while children.read_text().split():
            await asyncio.sleep(0.01)

    run(work)


def test_a_schema_of_very_many_bytes_is_refused_before_it_is_checked() -> None:
    async def work(made: SchemaChecker) -> None:
        with pytest.raises(InvalidRequest, match="more than 1000000 bytes"):
            await made.check({"const": "x" * 1_000_001}, "schema")
        assert made.pid is None

    run(work)


@pytest.mark.parametrize("schema", [{"maximum": 10**40}, {"const": "\ud800"}, True, {}])
def test_any_json_value_survives_the_way_to_the_process_and_back(schema: Any) -> None:
    async def work(made: SchemaChecker) -> None:
        try:
            expected = check_schema(schema, "schema")
        except InvalidRequest as error:
            with pytest.raises(InvalidRequest) as caught:
                await made.check(schema, "schema")
            assert caught.value.message == error.message
        else:
            assert await made.check(schema, "schema") == expected

    run(work)
