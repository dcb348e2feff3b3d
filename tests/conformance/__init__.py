"""The specification, row by row, through the real server and the clients that people use."""

import pytest

pytest.register_assert_rewrite(
    "tests.conformance.answers", "tests.conformance.consistency", "tests.conformance.expectations"
)
