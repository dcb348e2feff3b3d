"""Checks after every test: the server still answers, and its engine holds nothing."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.robustness.check import left_behind
from tests.server import RunningServer, chat


@pytest.fixture(autouse=True)
def _server_goes_on(server: RunningServer, client: httpx.Client) -> Iterator[None]:
    (engine,) = server.engine_pids()
    yield
    assert server.engine_pids() == [engine], "the engine was started again"
    assert client.post("/v1/chat/completions", json=chat(max_tokens=1)).status_code == 200
    assert left_behind(server) is None
