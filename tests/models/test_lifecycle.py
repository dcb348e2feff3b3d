from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.errors import ModelNotAvailable
from palaver.models.lifecycle import TRANSITIONS, IllegalTransition, Lifecycle, State


def in_state(state: State) -> Lifecycle:
    lifecycle = Lifecycle("m")
    lifecycle.state = state
    return lifecycle


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_only_transitions_of_the_table_are_allowed(before: State, after: State) -> None:
    lifecycle = in_state(before)
    if after in TRANSITIONS[before]:
        lifecycle.change_to(after)
        assert lifecycle.state is after
    else:
        with pytest.raises(IllegalTransition, match=f"{before} to {after}"):
            lifecycle.change_to(after)
        assert lifecycle.state is before


def test_every_state_can_be_reached_and_left() -> None:
    reached, found = {State.ABSENT}, [State.ABSENT]
    for state in found:
        found += [other for other in TRANSITIONS[state] if other not in reached]
        reached |= TRANSITIONS[state]
    assert reached == set(State) == set(TRANSITIONS)
    assert all(TRANSITIONS.values())


@pytest.mark.parametrize("state", [state for state in State if state is not State.READY])
def test_only_a_ready_model_can_be_leased(state: State) -> None:
    with pytest.raises(ModelNotAvailable, match=state), in_state(state).lease():
        pass


@given(st.lists(st.booleans(), max_size=30))
def test_a_model_is_idle_exactly_when_every_lease_has_ended(steps: list[bool]) -> None:
    async def run() -> None:
        lifecycle, held = in_state(State.READY), list[ExitStack]()
        for is_new in steps:
            if is_new:
                held.append(ExitStack())
                held[-1].enter_context(lifecycle.lease())
            elif held:
                held.pop(0).close()
            assert lifecycle.num_leases == len(held)
            waiting = asyncio.ensure_future(lifecycle.idle())
            await asyncio.sleep(0)
            assert waiting.done() == (not held)
            waiting.cancel()

    asyncio.run(run())
