"""Tools drawn at random, in the format of every family."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.grammar.answer import AnswerRules, Thinking, answer_grammar
from palaver.chat.schema import check_schema
from palaver.chat.tools.tool import Tool
from palaver.errors import InvalidRequest
from tests.api import toolsets
from tests.chat.families.formats import FAMILY_NAMES
from tests.chat.grammar.walking import vocabulary
from tests.chat.parser.reading import parse

NUM_SETS = 6


def drawn(rng: Random) -> list[Tool]:
    """Tools as a request has them, with checked schemas."""
    tools = []
    for definition in toolsets.request(rng)["tools"]:
        function = definition["function"]
        schema = function.get("parameters", {"type": "object", "additionalProperties": False})
        enforced = check_schema(schema, "tools")
        tools.append(Tool(function["name"], schema, is_strict=True, enforced=enforced))
    return tools


def enforceable(family: str, tools: list[Tool], tokenizer: Any) -> list[Tool]:
    """The tools whose schemas can be enforced in the family's format."""
    kept = []
    for tool in tools:
        form = AnswerRules(tools=[tool], can_be_text=False)
        try:
            answer_grammar(FAMILIES[family], tokenizer, form, Thinking.NONE)
        except InvalidRequest as refusal:
            assert refusal.param == "tools"
        else:
            kept.append(tool)
    return kept


@pytest.mark.spec("S32")
@pytest.mark.parametrize("has_markers", [False, True])
@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_arguments_match_random_schemas(name: str, has_markers: bool) -> None:
    words = vocabulary(name, has_markers=has_markers)
    num_calls = 0
    for seed in range(NUM_SETS):
        tools = enforceable(name, drawn(Random(f"{name}/{seed}")), words.tokenizer)
        if not tools:
            continue
        form = AnswerRules(tools=tools, can_be_text=False)
        source = answer_grammar(FAMILIES[name], words.tokenizer, form, Thinking.NONE)
        text, is_ended = words.walk(source, Random(seed), most=250)
        answer = parse(FAMILIES[name], [text], tools, is_cut=not is_ended)
        schemas = {tool.name: tool.schema for tool in tools}
        for call in answer.calls if is_ended else answer.calls[:-1]:
            Draft202012Validator(schemas[call.name]).validate(json.loads(call.arguments))
            num_calls += 1
    assert num_calls
