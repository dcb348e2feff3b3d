"""Requests that schemathesis generates from the OpenAPI document, valid and invalid ones."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.robustness.mutations import PATH, Attempt, bounded
from tests.server import KEY, MODEL


def attempts(url: str, num: int, seed: int) -> list[Attempt]:
    """This many completion requests for the server at ``url``; half of them are invalid."""
    operation = schemathesis.openapi.from_url(f"{url}/openapi.json")[PATH]["POST"]
    made: list[Attempt] = []
    for mode in (GenerationMode.NEGATIVE, GenerationMode.POSITIVE):

        @hypothesis.seed(seed)
        @settings(
            max_examples=num // 2,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), is_ours=st.booleans())
        def make(case: Any, is_ours: bool) -> None:
            made.append(_attempt(case, is_ours=is_ours))

        make()
    return made


def _attempt(case: Any, *, is_ours: bool) -> Attempt:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": str(case.media_type)}
    if isinstance(case.body, bytes):
        return Attempt(case.method, PATH, headers, case.body)
    if is_ours and isinstance(case.body, dict):
        case.body["model"] = MODEL
    body = bounded(case.body)
    return Attempt(case.method, PATH, headers, json.dumps(body, default=str).encode())
