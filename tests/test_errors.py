from __future__ import annotations

import inspect
import re

import pytest

from palaver import errors
from palaver.errors import (
    InvalidApiKey,
    InvalidRequest,
    ModelNotAvailable,
    PalaverError,
    RequestError,
)

DEFINED = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, PalaverError)
}
REQUEST_ERRORS = [
    value for value in DEFINED.values() if issubclass(value, RequestError) and value != RequestError
]


def drawn_tree() -> list[tuple[int, str, str]]:
    """Depth, name and remark of each line of the tree in the module's docstring."""
    line = re.compile(r"^    ([│├└─ ]*)(\w+)(?: +(.*))?$")
    block = (errors.__doc__ or "").partition("::\n\n")[2].partition("\n\n")[0]
    matches = [line.match(text) for text in block.splitlines()]
    assert all(matches)
    return [(len(m[1]) // 4, m[2], m[3] or "") for m in matches if m]


def test_the_error_tree_in_the_docstring_equals_the_classes() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for depth, name, _ in drawn_tree():
        path[depth:] = [name]
        drawn[name] = path[depth - 1] if depth else "Exception"
    assert drawn == {name: defined.__bases__[0].__name__ for name, defined in DEFINED.items()}


def test_status_and_reason_in_the_docstring_equal_those_of_the_classes() -> None:
    remarks = {name: remark for _, name, remark in drawn_tree()}
    assert {error.__name__: remarks[error.__name__] for error in REQUEST_ERRORS} == {
        error.__name__: f"{error.status} {error.reason}" for error in REQUEST_ERRORS
    }


def test_every_request_error_has_a_status_and_reason_of_its_own() -> None:
    pairs = {(error.status, error.reason) for error in REQUEST_ERRORS}
    assert len(pairs) == len(REQUEST_ERRORS)


@pytest.mark.parametrize("error", REQUEST_ERRORS)
def test_client_errors_are_4xx_and_server_errors_are_5xx(error: type[RequestError]) -> None:
    assert 400 <= error.status < 600
    assert (error.error_type == "server_error") == (error.status >= 500)


def test_an_error_knows_its_message_and_field() -> None:
    error = InvalidRequest("n: must be 1 to 128, got 0", param="n")
    assert (error.message, str(error), error.param) == (
        str(error),
        "n: must be 1 to 128, got 0",
        "n",
    )
    assert error.headers == {}


def test_a_missing_key_says_how_to_send_one() -> None:
    assert InvalidApiKey("no key").headers == {"WWW-Authenticate": "Bearer"}


def test_an_unavailable_model_says_when_to_retry() -> None:
    error = ModelNotAvailable("loading", retry_after_s=7)
    assert error.headers == {"Retry-After": "7"}
    assert error.retry_after_s == 7
