from __future__ import annotations

import pytest

from tests.sampling.model import Model


@pytest.fixture(scope="session")
def model() -> Model:
    return Model()
