"""Sequences in the order of arrival."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.engine.order import ArrivalOrder
from palaver.engine.sequence import Sequence

from .conversations import request, token_ids


def _sequence(arrival: int) -> Sequence:
    return Sequence(request(arrival, token_ids(3)), arrival, [])


@given(st.lists(st.integers(0, 30), unique=True), st.data())
def test_sequences_stay_sorted_when_others_are_added_and_removed(
    arrivals: list[int], data: st.DataObject
) -> None:
    order, there = ArrivalOrder(), {}
    for arrival in arrivals:
        there[arrival] = _sequence(arrival)
        order.add(there[arrival])
        if data.draw(st.booleans()):
            order.remove(there.pop(data.draw(st.sampled_from(sorted(there)))))
        assert [s.arrival for s in order] == sorted(there)
        assert len(order) == len(there)
    if there:
        assert order.last.arrival == max(there)


def test_sequences_may_be_removed_during_iteration() -> None:
    order = ArrivalOrder()
    for arrival in range(5):
        order.add(_sequence(arrival))
    for sequence in order:
        order.remove(sequence)
    assert len(order) == 0


def test_removing_an_unknown_sequence_is_an_error() -> None:
    order = ArrivalOrder()
    order.add(_sequence(1))
    for stranger in (_sequence(1), _sequence(2)):
        with pytest.raises(KeyError):
            order.remove(stranger)
