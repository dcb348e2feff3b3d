"""Supported keywords are enforced, and every other one is refused with its name and path."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from palaver.chat.schema import check_schema
from palaver.chat.schema.formats import NUMBER_FORMATS, STRING_FORMATS
from palaver.chat.schema.keywords import ANNOTATIONS, FAMILIES, UNENFORCEABLE
from palaver.chat.schema.normal import ENFORCED as KNOWN
from palaver.errors import InvalidRequest
from tests.chat.schema.keywords import ENFORCED, FORMATS, Enforced
from tests.chat.schema.matching import takes, written

ROOT = "response_format.json_schema.schema"
CASES = [
    *(pytest.param(case, id=name) for name, keyword in ENFORCED.items() for case in keyword.cases),
    *(
        pytest.param(
            Enforced({"type": "string"} | case.schema | {"format": name}, case.takes, case.lacks),
            id=name,
        )
        for name, case in FORMATS.items()
    ),
]
REFUSED = [
    pytest.param(schema, path, id=name)
    for name, keyword in ENFORCED.items()
    for schema, path in keyword.refused
]


def refusal(schema: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        check_schema(schema, ROOT)
    return caught.value


@pytest.mark.spec("S35")
@pytest.mark.parametrize("case", CASES)
def test_a_grammar_accepts_matching_values_and_nothing_else(case: Enforced) -> None:
    normal = check_schema(case.schema)
    for value in case.takes:
        assert takes(normal, written(value)), value
    for value in case.lacks:
        assert not takes(normal, written(value)), value


@pytest.mark.parametrize("case", CASES)
def test_a_validator_agrees_that_accepted_values_match(case: Enforced) -> None:
    kind = jsonschema.validators.validator_for(case.schema)
    kind.check_schema(case.schema)
    validator = kind(case.schema, format_checker=kind.FORMAT_CHECKER)
    assert all(validator.is_valid(value) for value in case.takes)


@pytest.mark.spec("S36")
@pytest.mark.parametrize(("schema", "path"), REFUSED)
def test_unenforceable_uses_of_a_keyword_are_refused_and_their_path_named(
    schema: Any, path: str
) -> None:
    error = refusal(schema)
    assert error.param is not None
    assert error.param.startswith(f"{ROOT}.{path}" if path else ROOT)
    assert error.message.startswith(error.param)


@pytest.mark.spec("S36")
@pytest.mark.parametrize("keyword", [*UNENFORCEABLE, "frobnicate"])
def test_any_other_keyword_is_refused_by_name_and_path(keyword: str) -> None:
    error = refusal({"type": "object", "properties": {"a": {keyword: {}}}})
    assert error.param == f"{ROOT}.properties.a.{keyword}"
    assert f'"{keyword}" cannot be enforced' in error.message


@pytest.mark.parametrize("keyword", [*ANNOTATIONS - {"$defs", "definitions"}, "x-anything"])
def test_annotations_have_no_effect(keyword: str) -> None:
    plain = check_schema({"type": "object", "properties": {"a": {"type": "string"}}})
    noted = {"type": "string", keyword: "anything"}
    assert check_schema({"type": "object", "properties": {"a": noted}}) == plain


def test_every_keyword_and_format_has_its_cases() -> None:
    assert set(ENFORCED) == set(KNOWN)
    assert {name for names in FAMILIES.values() for name in names} <= set(ENFORCED)
    assert set(FORMATS) == {*STRING_FORMATS, *NUMBER_FORMATS}
