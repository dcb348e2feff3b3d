"""Hundreds of schemas: each is refused, or every text of its grammar is valid."""

from __future__ import annotations

import json
import random

import jsonschema
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from palaver.chat.schema import check_schema
from palaver.errors import InvalidRequest
from tests.chat.schema.generated import random_schema
from tests.chat.schema.matching import random_text

KIND = jsonschema.Draft202012Validator


@settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=False))
def test_a_schema_is_refused_or_every_text_of_its_grammar_is_valid(rng: random.Random) -> None:
    schema = random_schema(rng)
    try:
        normal = check_schema(schema, "schema")
    except InvalidRequest as error:
        assert error.param is not None
        assert error.param.startswith("schema")
        return
    validator = KIND(schema, format_checker=KIND.FORMAT_CHECKER)
    for seed in range(2):
        text = random_text(normal, random.Random(seed))
        if text is not None:
            validator.validate(json.loads(text))
