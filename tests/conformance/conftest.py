"""Shared fixtures of the conformance tests."""

from __future__ import annotations

import httpx
import pytest

from tests.conformance.answers import Answers


@pytest.fixture(scope="session")
def answers(client: httpx.Client) -> Answers:
    """Answers to recorded requests, sent one at a time."""
    return Answers(client)
