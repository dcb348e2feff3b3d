from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaver.chat.families.catalogue import FAMILIES, HARMONY, HERMES, JSON, LLAMA, MISTRAL
from palaver.chat.families.description import Family
from palaver.chat.parser.events import (
    CallArguments,
    CallBegin,
    CallEnd,
    Content,
    Reasoning,
    merged,
)
from palaver.chat.tools.tool import Tool
from tests.chat.families.formats import FAMILY_NAMES, THINKERS
from tests.chat.parser.reading import events_of, parse, plain

WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})
CLOCK = Tool("get_time", {"type": "object", "properties": {}})
TOOLS = (WEATHER, CLOCK)
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'
ROME = ("get_weather", {"city": "Rome"})
_BITS = (
    *('{"name": "get_weather", "arguments": {"city": "Rome"}}', '{"name": "get_time"', "get_time"),
    *('"arguments": {}', "{", "}", '"', ":", ", ", "[", "]", " ", "\n", "a", "<", "city", "é"),
)


@st.composite
def fragments(draw: st.DrawFn, family: Family) -> list[str]:
    """Text of a family's markup, complete and broken, in chunks."""
    words = [word for literal in family.literals for word in literal.split()]
    halves = [word[: len(word) // 2] for word in words]
    text = "".join(draw(st.lists(st.sampled_from([*words, *words, *halves, *_BITS]), max_size=12)))
    places = draw(st.lists(st.integers(0, len(text)), max_size=8))
    return [text[a:b] for a, b in pairwise([0, *sorted(places), len(text)])]


@pytest.mark.parametrize("name", FAMILY_NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data(), is_separate=st.booleans(), is_open=st.booleans(), is_cut=st.booleans())
def test_a_text_cut_anywhere_is_parsed_as_the_whole(
    name: str, data: st.DataObject, is_separate: bool, is_open: bool, is_cut: bool
) -> None:
    family = FAMILIES[name]
    pieces = data.draw(fragments(family))
    options = {"is_separate": is_separate, "is_cut": is_cut}
    opening = family.thinking.opening if family.thinking and is_open else ""
    whole = "".join(pieces)
    expected = merged(events_of(family, [whole], TOOLS, opening=opening, **options))
    assert merged(events_of(family, pieces, TOOLS, opening=opening, **options)) == expected
    assert merged(events_of(family, whole, TOOLS, opening=opening, **options)) == expected


@pytest.mark.parametrize("name", FAMILY_NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_without_tools_and_with_inline_thinking_only_markup_is_removed(
    name: str, data: st.DataObject
) -> None:
    family = FAMILIES[name]
    if family.answer.markup:
        return
    pieces = data.draw(fragments(family))
    assert parse(family, pieces, is_separate=False).content == "".join(pieces)


@pytest.mark.spec("S31")
def test_arguments_are_reported_as_they_arrive() -> None:
    text = 'Look.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Ro'
    events = merged(events_of(HERMES, [text], TOOLS))
    assert events == [
        Content("Look."),
        CallBegin(0, "call_0", "get_weather"),
        CallArguments(0, '{"city": "Ro'),
    ]
    events = merged(events_of(HERMES, [text, 'me"}}\n</tool_call>'], TOOLS))
    assert events[2:] == [CallArguments(0, '{"city": "Rome"}'), CallEnd(0)]


@pytest.mark.spec("S31")
def test_text_around_calls_is_kept_and_white_space_between_them_is_dropped() -> None:
    assert plain(parse(HERMES, [f"Wait. \n\n{CALL}\n"], TOOLS)) == ("Wait.", "", [ROME])
    assert plain(parse(HERMES, [f"Wait.\n{CALL}\nDone."], TOOLS)) == ("Wait.\nDone.", "", [ROME])


@pytest.mark.spec("S31")
@pytest.mark.parametrize("is_separate", [False, True])
def test_a_call_inside_the_thinking_is_not_lost(is_separate: bool) -> None:
    text = f"<think>\nI call.\n{CALL}\n</think>\n\nSo."
    read = plain(parse(HERMES, list(text), TOOLS, is_separate=is_separate))
    if is_separate:
        assert read == ("So.", "I call.", [ROME])
    else:
        assert read == ("<think>\nI call.\n</think>\n\nSo.", "", [ROME])


def test_a_call_in_thinking_that_never_ends_is_not_lost() -> None:
    assert plain(parse(HERMES, [f"I call.\n{CALL}"], TOOLS, opening="<think>\n")) == (
        "",
        "I call.",
        [ROME],
    )


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "no_such_tool", "arguments": {}}\n</tool_call>',
        '<tool_call>\n{"name": 3}\n</tool_call>',
        "<tool_call>\nget_weather\n</tool_call>",
        '{"name": "get_weather", "arguments": {"city": "Rome"}}',
        "To call, write <tool_call> and </tool_call>.",
        '<tool_call>\n{"name": "get_wea',
        "<tool_ca",
    ],
)
def test_a_call_of_an_unknown_tool_stays_text(text: str) -> None:
    assert plain(parse(HERMES, list(text), TOOLS)) == (text, "", [])


def test_without_tools_a_call_is_text() -> None:
    assert plain(parse(HERMES, [CALL])) == (CALL, "", [])


def test_a_call_cut_before_its_name_is_dropped_and_one_cut_after_it_is_kept() -> None:
    start = 'Well.\n<tool_call>\n{"name": "get_wea'
    assert plain(parse(HERMES, [start], TOOLS, is_cut=True)) == ("Well.", "", [])
    half = parse(HERMES, [start + 'ther", "arguments": {"ci'], TOOLS, is_cut=True)
    assert (half.calls[0].name, half.calls[0].arguments) == ("get_weather", '{"ci')


@pytest.mark.parametrize(
    ("family", "text"),
    [
        (HERMES, '<tool_call>{"arguments": {"city": "Rome"}, "name": "get_weather"}</tool_call>'),
        (HERMES, '<tool_call>{"name": "get_weather", "parameters": {"city": "Rome"}}</tool_call>'),
        (HERMES, '<tool_call> {"name":"get_weather","arguments":"{\\"city\\": \\"Rome\\"}"}'),
        (LLAMA, '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Rome"}}'),
        (LLAMA, '{"name": "get_weather", "arguments": {"city": "Rome"}}'),
        (MISTRAL, '[TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "Rome"}'),
        (
            FAMILIES["qwen-coder"],
            "<function=get_weather><parameter=city>Rome</parameter></function>",
        ),
        (
            FAMILIES["kimi"],
            '<|tool_call_begin|>get_weather:0<|tool_call_argument_begin|>{"city": "Rome"}',
        ),
        (
            HARMONY,
            " to=functions.get_weather<|channel|>commentary json"
            '<|message|>{"city": "Rome"}<|call|>',
        ),
        (JSON, CALL),
    ],
)
def test_calls_are_parsed_in_other_common_notations(family: Family, text: str) -> None:
    for pieces in ([text], list(text)):
        assert plain(parse(family, pieces, TOOLS))[2] == [ROME]


def test_a_bare_call_counts_only_at_the_beginning_of_a_line() -> None:
    call = '{"name": "get_time", "parameters": {}}'
    assert plain(parse(LLAMA, [f"I do.\n{call}"], TOOLS)) == ("I do.", "", [("get_time", {})])
    assert plain(parse(LLAMA, [f"Write {call} to call."], TOOLS))[2] == []


@pytest.mark.spec("S37")
def test_harmony_messages_are_split_by_their_channels() -> None:
    text = (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary<|message|>"
        "I look.<|end|><|start|>assistant<|channel|>analysis<|message|>Which?<|end|>"
        "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json"
        '<|message|>{"city": "Rome"}'
    )
    for pieces in ([text], list(text)):
        assert plain(parse(HARMONY, pieces, TOOLS)) == ("I look.", "Hm.Which?", [ROME])


@pytest.mark.parametrize("name", THINKERS)
@pytest.mark.spec("S37")
def test_thinking_is_separate_or_stays_between_its_tags(name: str) -> None:
    family = FAMILIES[name]
    thinking = family.thinking
    assert thinking is not None
    head = thinking.opening + "a" + thinking.closing
    text = head + thinking.after + family.answer.opening + "b"
    assert parse(family, list(text)).reasoning == "a"
    assert parse(family, list(text)).content == "b"
    kept = parse(family, list(text), is_separate=False)
    assert kept.content == head + (thinking.after if not family.answer.markup else "") + "b"
    assert kept.reasoning == ""


def test_each_piece_knows_whether_thinking_continues() -> None:
    events = events_of(HERMES, ["<think>", "x", "</think>", "y"])
    assert events == [Reasoning("x"), Content("y")]


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_arguments_keep_their_exact_text(value: object) -> None:
    arguments = json.dumps({"v": value}, indent=1)
    text = f'<tool_call>{{"name": "get_time", "arguments": {arguments}}}</tool_call>'
    assert parse(HERMES, list(text), TOOLS).calls[0].arguments == arguments
