"""Requests made from the OpenAPI document, right ones and wrong ones, by schemathesis."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.robustness.mutations import bounded
from tests.server import KEY, MODEL, RunningServer

_TIMEOUT_S = 20.0
_HEADERS = {"Authorization": f"Bearer {KEY}"}
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="session")
def documented(server: RunningServer) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def _generated(num: int) -> Any:
    return settings(
        max_examples=num,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def check(case: Any) -> None:
    """Send a request; the answer must be one that the document describes."""
    case.body = bounded(case.body)
    case.call_and_validate(headers=_HEADERS, checks=_CHECKS, timeout=_TIMEOUT_S)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@_generated(100)  # type: ignore[untyped-decorator]
@given(data=st.data())
def test_a_request_generated_from_the_document_is_answered_as_documented(
    documented: Any, mode: GenerationMode, data: st.DataObject
) -> None:
    operation = documented["/v1/chat/completions"]["POST"]
    case = data.draw(operation.as_strategy(generation_mode=mode))
    if mode == GenerationMode.POSITIVE:
        case.body["model"] = MODEL
    check(case)


@pytest.mark.parametrize(
    "path",
    ["/v1/models", "/v1/models/{name}", "/health", "/ready", "/metrics", "/debug/engines"],
)
@_generated(5)  # type: ignore[untyped-decorator]
@given(data=st.data())
def test_other_paths_are_answered_as_documented(
    documented: Any, path: str, data: st.DataObject
) -> None:
    check(data.draw(documented[path]["GET"].as_strategy()))
