from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.grammar.answer import AnswerRules, Thinking, answer_grammar
from palaver.chat.parser.events import ParsedAnswer
from palaver.chat.schema import check_schema
from palaver.chat.tools.tool import Call, Tool
from palaver.chat.tools.writer import written
from palaver.errors import InvalidRequest
from tests.chat.families.formats import FAMILY_NAMES, TOOL_FAMILIES, assistant, written_turn
from tests.chat.grammar.walking import vocabulary
from tests.chat.parser.reading import parse

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 20},
        "days": {"type": "integer", "minimum": 1, "maximum": 9},
        "unit": {"enum": ["c", "f"]},
        "at": {"type": ["string", "null"]},
        "places": {
            "type": "array",
            "items": {"type": "object", "properties": {"x": {"type": "boolean"}}},
            "maxItems": 2,
        },
    },
    "required": ["city", "unit"],
    "additionalProperties": False,
}


def tool(name: str, schema: dict[str, Any] | None = None, **options: Any) -> Tool:
    enforced = check_schema(schema, "tools") if schema else None
    return Tool(name, schema, enforced=enforced, **options)


TOOLS = (tool("go", SCHEMA, is_strict=True), tool("go_on", {"type": "object"}), tool("halt"))
SCHEMAS = {t.name: t.schema or {"type": "object"} for t in TOOLS}
ROME: tuple[str, dict[str, Any]] = ("go", {"city": "Rome", "days": 3, "unit": "c"})
MARKERS = pytest.mark.parametrize("has_markers", [False, True])


def grammar(name: str, has_markers: bool, thinking: Thinking = Thinking.NONE, **form: Any) -> str:
    form.setdefault("tools", TOOLS)
    tokenizer = vocabulary(name, has_markers=has_markers).tokenizer
    return answer_grammar(FAMILIES[name], tokenizer, AnswerRules(**form), thinking)


def assert_valid(answer: ParsedAnswer, *, whole: bool) -> None:
    for i, call in enumerate(answer.calls):
        assert call.name in SCHEMAS
        if whole or i < len(answer.calls) - 1:
            Draft202012Validator(SCHEMAS[call.name]).validate(json.loads(call.arguments))
            assert isinstance(json.loads(call.arguments), dict)


@pytest.mark.spec("S32", "S33")
@MARKERS
@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_every_text_of_the_grammar_calls_offered_tools_with_valid_arguments(
    name: str, has_markers: bool
) -> None:
    family = FAMILIES[name]
    words = vocabulary(name, has_markers=has_markers)
    num_ended = 0
    for can_be_text in (True, False):
        source = grammar(name, has_markers, can_be_text=can_be_text)
        for seed in range(12):
            text, is_ended = words.walk(source, Random(seed), most=300)
            answer = parse(family, [text], TOOLS, is_cut=not is_ended)
            assert_valid(answer, whole=is_ended)
            if is_ended:
                num_ended += 1
                assert can_be_text or answer.calls, text
                if not (can_be_text or family.answer.preamble_opening):
                    assert answer.content == ""
    assert num_ended


@pytest.mark.spec("S31")
@MARKERS
@pytest.mark.parametrize("name", TOOL_FAMILIES)
def test_turns_as_templates_write_them_are_allowed(name: str, has_markers: bool) -> None:
    family = FAMILIES[name]
    words = vocabulary(name, has_markers=has_markers)
    source = grammar(name, has_markers)
    strict = grammar(name, has_markers, can_be_text=False)
    calls = [ROME, ("halt", {})][: 1 if family.calls.is_single else 2]
    text = written_turn(family, assistant(family, calls=calls))[1]
    if name == "mistral-list":  # templates of this family add ids, which its models do not write
        text = written(family.calls, [Call(n, json.dumps(a)) for n, a in calls])
    if name == "kimi":  # the second call counts on
        assert "functions.halt:1" in text
    plain_text = written_turn(family, assistant(family, "I look."))[1]
    assert words.accepts(source, text)
    assert words.accepts(strict, text)
    assert words.accepts(source, plain_text)
    assert not words.accepts(strict, plain_text)


@MARKERS
@pytest.mark.parametrize("name", TOOL_FAMILIES)
def test_text_may_come_before_a_call_where_the_format_has_a_mark(
    name: str, has_markers: bool
) -> None:
    if name in ("llama", "mistral-list"):
        return
    family = FAMILIES[name]
    text = written_turn(family, assistant(family, "I look.", calls=[ROME]))[1]
    assert vocabulary(name, has_markers=has_markers).accepts(grammar(name, has_markers), text)


@pytest.mark.spec("S37")
@MARKERS
@pytest.mark.parametrize("name", [n for n in FAMILY_NAMES if FAMILIES[n].thinking])
@pytest.mark.parametrize("thinking", [Thinking.OPENED, Thinking.POSSIBLE])
def test_thinking_may_come_before_and_may_hold_calls(
    name: str, has_markers: bool, thinking: Thinking
) -> None:
    family = FAMILIES[name]
    tags = family.thinking
    assert tags is not None
    if tags.is_anywhere and thinking is Thinking.OPENED:
        return
    words = vocabulary(name, has_markers=has_markers)
    source = grammar(name, has_markers, thinking, can_be_text=False)
    call = written(family.calls, [Call("halt", "{}")]).removesuffix("<|call|>")
    head = "" if thinking is Thinking.OPENED else tags.opening
    assert words.accepts(source, f"{head}Hm.{tags.closing}{tags.after}{call}")
    assert not words.accepts(source, f"{head}Hm.{tags.closing}{tags.after}Well.")
    if head and not tags.is_anywhere:  # some begin with a line of their own
        assert words.accepts(source, f"\n{head}Hm.{tags.closing}{tags.after}{call}")
        free = grammar(name, has_markers, thinking)
        for text in (call, "Well.", "\n\nWell."):
            assert words.accepts(free, f"{head}Hm.{tags.closing}{tags.after}{text}")
            assert words.accepts(free, f"\n{head}Hm.{tags.closing}{tags.after}{text}")
            assert words.accepts(free, text)
    if not tags.is_anywhere and family.calls.begin + family.name != "llama":
        assert words.accepts(source, f"{head}Hm.\n{call}")


@pytest.mark.spec("S33")
@pytest.mark.parametrize("name", [n for n in FAMILY_NAMES if not FAMILIES[n].calls.is_single])
def test_several_calls_are_allowed_only_if_parallel_calls_are(name: str) -> None:
    words = vocabulary(name, has_markers=True)
    text = written(FAMILIES[name].calls, [Call("halt", "{}"), Call("halt", "{}")])
    assert words.accepts(grammar(name, True), text)
    assert not words.accepts(grammar(name, True, is_parallel=False), text)


@pytest.mark.spec("S32")
@MARKERS
@pytest.mark.parametrize("name", FAMILY_NAMES)
@pytest.mark.parametrize(
    "arguments",
    [
        {"city": "Rome", "unit": "c", "days": 0},
        {"city": "Rome", "unit": "k"},
        {"city": "Rome"},
        {"city": "Rome", "unit": "c", "more": 1},
        {"city": "R" * 21, "unit": "c"},
    ],
)
def test_the_grammar_rejects_arguments_that_do_not_match(
    name: str, has_markers: bool, arguments: dict[str, Any]
) -> None:
    words = vocabulary(name, has_markers=has_markers)
    text = written(FAMILIES[name].calls, [Call("go", json.dumps(arguments))])
    assert not words.accepts(grammar(name, has_markers), text.removesuffix("<|call|>"))
    other = text.replace("go", "none")
    assert not words.accepts(grammar(name, has_markers), other.removesuffix("<|call|>"))


@pytest.mark.spec("S35")
@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_with_a_schema_an_answer_is_json_or_a_call(name: str) -> None:
    family = FAMILIES[name]
    words = vocabulary(name, has_markers=True)
    schema = check_schema({"type": "object", "properties": {"a": {"type": "integer"}}}, "p")
    source = grammar(name, True, schema=schema)
    assert words.accepts(source, family.answer.opening + '{"a": 1}')
    assert not words.accepts(source, family.answer.opening + "Well.")
    call = written(family.calls, [Call("halt", "{}")]).removesuffix("<|call|>")
    assert words.accepts(source, call)


@pytest.mark.spec("S32")
@pytest.mark.parametrize("name", ["qwen-coder", "glm", "seed", "gemma", "function-gemma"])
def test_a_strict_schema_that_the_format_cannot_hold_is_refused(name: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a|b$"}}}
    path = "tools[0].function.parameters"
    strict = tool("go", schema, is_strict=True, path=path)
    with pytest.raises(InvalidRequest, match="pattern") as refusal:
        grammar(name, True, tools=[strict])
    assert refusal.value.param == path
    loose = grammar(name, True, tools=[tool("go", schema)])
    text = written(FAMILIES[name].calls, [Call("go", '{"a": "xyz"}')])
    assert vocabulary(name, has_markers=True).accepts(loose, text)
