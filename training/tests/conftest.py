"""What the tests share: a server with the built-in model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from palaver_training.server import Server, started


@pytest.fixture(scope="session")
def examined_server() -> Iterator[Server]:
    """A server of the environment's palaver."""
    with started() as running:
        yield running
