"""The states of a model, and the requests that keep it from being unloaded.

::

    absent   ──▶ loading             load
    loading  ──▶ ready               it is loaded
    loading  ──▶ failed              it cannot be loaded
    loading  ──▶ absent              unload, or the load was cancelled
    ready    ──▶ draining            unload
    draining ──▶ absent              its requests have ended, or their time is over
    failed   ──▶ loading             load again
    failed   ──▶ absent              unload
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final

from palaver.errors import ModelNotAvailable


class State(StrEnum):
    """The state of a model."""

    ABSENT = "absent"
    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.ABSENT: frozenset({State.LOADING}),
    State.LOADING: frozenset({State.READY, State.FAILED, State.ABSENT}),
    State.READY: frozenset({State.DRAINING}),
    State.DRAINING: frozenset({State.ABSENT}),
    State.FAILED: frozenset({State.LOADING, State.ABSENT}),
}
"""The states that may follow each state."""


class IllegalTransition(Exception):
    """A state cannot follow the model's present one; an error in palaver itself."""


class Lifecycle:
    """The state of one model, and how many requests lease it.

    Args:
        name: The model's name, for messages.

    Attributes:
        state: The present state.
    """

    def __init__(self, name: str) -> None:
        self.state = State.ABSENT
        self._name = name
        self._num_leases = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @property
    def num_leases(self) -> int:
        """Number of requests that lease the model."""
        return self._num_leases

    def change_to(self, state: State) -> None:
        """Change the state.

        Raises:
            IllegalTransition: It cannot follow the present one.
        """
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"model {self._name!r}: from {self.state} to {state}")
        self.state = state

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Lease the model for a request: it is not unloaded meanwhile.

        Raises:
            ModelNotAvailable: It is not ready.
        """
        if self.state is not State.READY:
            raise ModelNotAvailable(f"model {self._name!r} is {self.state}; try again")
        self._num_leases += 1
        self._is_idle.clear()
        try:
            yield
        finally:
            self._num_leases -= 1
            if not self._num_leases:
                self._is_idle.set()

    async def idle(self) -> None:
        """Wait until no request leases the model."""
        await self._is_idle.wait()
