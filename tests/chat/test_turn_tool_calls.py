"""Tool calls in an answer: their deltas and the finish reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from palaver.chat.delta import Delta
from palaver.chat.families.dialect import find_dialect
from palaver.chat.model import ChatModel
from palaver.chat.parser.events import Content, Event, ParsedAnswer, Reasoning, collected
from palaver.chat.template import ChatTemplate
from palaver.chat.tools.tool import Tool
from palaver.chat.turn import Turn
from palaver.generation.output import TokenOutput
from palaver.generation.request import Sampling
from tests.chat import vocabularies
from tests.chat.families.formats import template_source
from tests.chat.turns import bytes_of, ended, tokens, turn_of

WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'


@pytest.fixture
def caller(byte_model: ChatModel) -> ChatModel:
    """The same model with room for tools."""
    return replace(byte_model, window_tokens=4000)


def read_calls(turn: Turn, outputs: Iterable[TokenOutput]) -> tuple[Delta, ParsedAnswer]:
    """The last delta, and the answer that all of them add up to."""
    deltas = [turn.feed(token) for token in outputs]
    events: list[Event] = []
    for delta in deltas:
        events += [Content(delta.content), Reasoning(delta.reasoning), *delta.calls]
    return deltas[-1], collected(events)


@pytest.mark.spec("S31")
def test_a_call_is_separate_from_text_and_is_the_finish_reason(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER])
    last, answer = read_calls(turn, ended(caller, f"I look.\n{CALL}"))
    assert last.finish_reason == "tool_calls"
    assert answer.content == "I look."
    assert [(c.name, c.arguments) for c in answer.calls] == [("get_weather", '{"city": "Rome"}')]


def test_without_tools_or_with_tool_choice_none_a_call_is_text(caller: ChatModel) -> None:
    cases: list[dict[str, Any]] = [{}, {"tools": [WEATHER], "tool_choice": "none"}]
    for options in cases:
        last, answer = read_calls(turn_of(caller, **options), ended(caller, CALL))
        assert (answer.content, last.finish_reason) == (CALL, "stop")


def test_the_ids_of_calls_depend_on_seed_and_prompt_alone(caller: ChatModel) -> None:
    def ids(content: str, **options: Any) -> list[str]:
        turn = turn_of(caller, content, tools=[WEATHER], **options)
        return [call.id for call in read_calls(turn, ended(caller, CALL + CALL))[1].calls]

    assert ids("a", seed=1) == ids("a", seed=1)
    assert len({*ids("a", seed=1), *ids("a", seed=2), *ids("b", seed=1), *ids("a")}) == 8
    assert ids("a", sampling=Sampling(temperature=0.0)) == ids(
        "a", sampling=Sampling(temperature=0.0)
    )


def test_a_stop_string_inside_a_call_is_part_of_the_call(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER], stop=["\n", "Rome"])
    last, answer = read_calls(turn, ended(caller, CALL))
    assert [c.arguments for c in answer.calls] == ['{"city": "Rome"}']
    assert last.finish_reason == "tool_calls"


def test_a_stop_string_before_a_call_ends_the_answer(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER], stop=["look"])
    outputs = tokens(bytes_of(caller, f"I look.\n{CALL}"))
    _, answer = read_calls(turn, outputs)
    assert (answer.content, answer.calls) == ("I look", ())


def test_a_call_cut_by_the_length_says_so_and_keeps_what_it_has(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER])
    last, answer = read_calls(turn, tokens(bytes_of(caller, CALL[:60])))
    assert last.finish_reason == "length"
    assert answer.calls[0].name == "get_weather"


def test_markup_of_special_tokens_is_parsed_and_not_shown(tmp_path: Path) -> None:
    tokenizer = vocabularies.with_special(tmp_path / "tokenizer.json", ["[TOOL_CALLS]", "[ARGS]"])
    template = ChatTemplate(template_source("mistral"), {"bos_token": "", "eos_token": ""})
    dialect = find_dialect(template, tokenizer.has_token)
    end = tokenizer.id_of(vocabularies.END)
    assert end is not None
    model = ChatModel(tokenizer, template, (end,), 4000, dialect)
    outputs = ended(model, 'I look.[TOOL_CALLS]get_weather[ARGS]{"city": "Rome"}')
    _, answer = read_calls(turn_of(model, tools=[WEATHER]), outputs)
    assert answer.content == "I look."
    assert [c.arguments for c in answer.calls] == ['{"city": "Rome"}']
    _, answer = read_calls(turn_of(model), outputs)
    assert answer.content == 'I look.get_weather{"city": "Rome"}'
