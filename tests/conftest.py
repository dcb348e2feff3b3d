"""Shared fixtures: one real server with the built-in model."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import settings

from tests.server import RunningServer, running_server

# The same examples in every run, so that only changes make a test fail; no time limits.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("exploring", deadline=None, max_examples=500)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The server that most tests talk to."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    """An HTTP client with a key for that server."""
    with server.client() as client:
        yield client
