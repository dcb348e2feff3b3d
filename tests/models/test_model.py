"""Loading and unloading one model, from every state."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from palaver.errors import ModelFolderError
from palaver.generation.backend import Capacity
from palaver.models.card import ModelCard
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.models.formats import open_files
from palaver.models.lifecycle import TRANSITIONS, State
from palaver.models.lifecycle import __doc__ as drawing
from palaver.models.model import Model
from palaver.testing import ScriptedBackend


class SteppedBackend(ScriptedBackend):
    """A backend whose start and stop wait until a test allows them."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.may_start = asyncio.Event()
        self.may_stop = asyncio.Event()
        self.may_stop.set()
        self.num_stops = 0
        self._error = error

    async def start(self) -> Capacity:
        await self.may_start.wait()
        if self._error:
            raise self._error
        return await super().start()

    async def stop(self) -> None:
        await self.may_stop.wait()
        self.num_stops += 1
        await super().stop()


def model_of(backend: SteppedBackend) -> Model:
    files = open_files(BUILT_IN_FOLDER)
    return Model(ModelCard.of("m", files), files, backend)


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


async def ready_model() -> tuple[Model, SteppedBackend]:
    backend = SteppedBackend()
    backend.may_start.set()
    model = model_of(backend)
    await model.load()
    return model, backend


def test_a_model_that_is_unloaded_while_it_loads_never_becomes_ready() -> None:
    async def work() -> None:
        backend = SteppedBackend()
        model = model_of(backend)
        loading = asyncio.create_task(model.load())
        await settle()
        assert str(model.state) == State.LOADING
        await model.unload()
        assert str(model.state) == State.ABSENT
        assert backend.num_stops == 1
        with pytest.raises(asyncio.CancelledError):
            await loading
        backend.may_start.set()
        await settle()
        assert str(model.state) == State.ABSENT
        await model.load()
        assert model.is_ready
        await model.unload()

    run(work())


def test_unloading_waits_for_a_cancelled_load_that_is_still_stopping_its_backend() -> None:
    async def work() -> None:
        backend = SteppedBackend()
        backend.may_stop.clear()
        model = model_of(backend)
        loading = asyncio.create_task(model.load())
        await settle()
        loading.cancel()
        await settle()
        unloading = asyncio.create_task(model.unload())
        await settle()
        assert not unloading.done()
        backend.may_stop.set()
        await unloading
        assert (model.state, backend.num_stops) == (State.ABSENT, 1)

    run(work())


def test_a_second_unload_stops_the_backend_after_the_first_one_was_cancelled() -> None:
    async def work() -> None:
        model, backend = await ready_model()
        with model.lease():
            draining = asyncio.create_task(model.unload(drain_s=3600))
            await settle()
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)
            assert str(model.state) == State.DRAINING
            await model.unload()
        assert (model.state, backend.num_stops) == (State.ABSENT, 1)
        assert backend.capacity is None

    run(work())


def test_of_two_unloads_at_once_neither_returns_before_the_backend_has_stopped() -> None:
    async def work() -> None:
        model, backend = await ready_model()
        backend.may_stop.clear()
        both = [asyncio.create_task(model.unload()) for _ in range(2)]
        await settle()
        assert not any(unloading.done() for unloading in both)
        backend.may_stop.set()
        await asyncio.gather(*both)
        assert (model.state, backend.num_stops) == (State.ABSENT, 1)

    run(work())


def test_a_drain_that_is_over_leaves_no_task_behind() -> None:
    async def work() -> None:
        model, _ = await ready_model()
        before = asyncio.all_tasks()
        with model.lease():
            await model.unload(drain_s=0.001)
            assert asyncio.all_tasks() == before
        assert str(model.state) == State.ABSENT

    run(work())


def test_a_model_that_could_not_be_loaded_can_be_unloaded() -> None:
    async def work() -> None:
        backend = SteppedBackend(ModelFolderError("broken"))
        backend.may_start.set()
        model = model_of(backend)
        with pytest.raises(ModelFolderError, match="broken"):
            await model.load()
        assert str(model.state) == State.FAILED
        await model.unload()
        assert str(model.state) == State.ABSENT

    run(work())


def test_the_table_in_the_documentation_has_every_transition() -> None:
    lines = [line.split()[:3] for line in (drawing or "").splitlines() if "──▶" in line]
    shown = {(before, after) for before, _, after in lines}
    assert shown == {(str(a), str(b)) for a, following in TRANSITIONS.items() for b in following}
