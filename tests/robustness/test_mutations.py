"""Hundreds of requests that are nearly valid: each gets a valid answer."""

from __future__ import annotations

import random

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.robustness.check import fault_of, request_of
from tests.robustness.mutations import attempt


@settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=False))
def test_every_mutated_request_gets_a_valid_answer(
    client: httpx.Client, rng: random.Random
) -> None:
    tried = attempt(rng)
    response = client.send(request_of(client, tried))
    assert fault_of(response) is None, tried
