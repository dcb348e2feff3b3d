"""A family's parser reads what the family's template writes, however the text is cut."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.families.description import Family
from palaver.chat.families.dialect import Dialect
from palaver.chat.parser.answer import opening_in
from palaver.chat.tools.plain_text import in_plain_text
from palaver.chat.tools.tool import Tool
from tests.chat.families.formats import (
    THINKERS,
    TOOL_FAMILIES,
    USER,
    assistant,
    capabilities,
    template,
    template_source,
    written_turn,
)
from tests.chat.parser.reading import parse, plain

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
TEXT_CHARACTERS = st.characters(
    codec="utf-8", exclude_characters="<>[]{}|｜", exclude_categories=("Cs", "Cc")
)
PROSE = st.text(TEXT_CHARACTERS, max_size=30).map(str.strip)
WORDS = st.text(TEXT_CHARACTERS | st.sampled_from("<>[]{}|\"'\\\n"), max_size=20)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6, allow_nan=False)
LEAVES = st.none() | st.booleans() | NUMBERS | WORDS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)
CALLS = st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=3)


def tools_for(calls: list[tuple[str, dict[str, Any]]]) -> list[Tool]:
    """Tools whose schemas say which types these arguments have."""
    schemas: dict[str, dict[str, Any]] = {}
    for name, arguments in calls:
        for key, value in arguments.items():
            types = schemas.setdefault(name, {}).setdefault(key, set())
            types.add("string" if isinstance(value, str) else _type_name(value))
        schemas.setdefault(name, {})
    return [
        Tool(
            name,
            {"type": "object", "properties": {k: {"type": sorted(t)} for k, t in schema.items()}},
        )
        for name, schema in schemas.items()
    ]


def _type_name(value: Any) -> str:
    kinds = {bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


@pytest.mark.spec("S31")
@pytest.mark.parametrize("name", TOOL_FAMILIES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_rendered_turn_is_parsed_however_it_is_cut(name: str, data: st.DataObject) -> None:
    family = FAMILIES[name]
    limits = capabilities(family)
    calls = data.draw(st.just([]) | CALLS)[: limits.most_calls]
    content = data.draw(PROSE) if limits.has_text_before_calls or not calls else ""
    reasoning = data.draw(PROSE) if family.thinking and name in THINKERS else ""
    if not _is_expressible(family, calls):
        return
    message = assistant(family, content, reasoning if can_show(name) else "", calls)
    prompt, text = written_turn(family, message)
    opening = opening_in(prompt, family.thinking)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12).map(sorted))
    pieces = [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
    tools = tools_for(calls)
    read = parse(family, pieces, tools, opening=opening)
    assert plain(read) == (content, message.get(family.thinking_key, ""), calls)
    assert parse(family, list(text), tools, opening=opening) == read


def can_show(name: str) -> bool:
    """Whether the family's template shows thinking."""
    return FAMILIES[name].thinking_key in template_source(name)


def _is_expressible(family: Family, calls: list[tuple[str, dict[str, Any]]]) -> bool:
    """Whether the format can write these values without ambiguity; some formats have no escapes."""
    texts = [json.dumps(arguments, ensure_ascii=False) for _, arguments in calls]
    marks = [word for literal in family.literals for word in literal.split() if len(word) > 1]
    return not any(mark in text for mark in marks for text in texts)


TURN = [
    ("get_weather", {"city": 'Rome "x" \\ é', "days": 3, "opts": {"a": [1, None, True]}}),
    ("no-arguments", {}),
]


@pytest.mark.spec("S31")
@pytest.mark.parametrize("name", TOOL_FAMILIES)
def test_a_turn_cut_at_any_two_places_is_parsed_the_same(name: str) -> None:
    family = FAMILIES[name]
    limits = capabilities(family)
    calls = TURN[: limits.most_calls]
    content = "I look, then say." if limits.has_text_before_calls else ""
    reasoning = "Rome\n\nit is" if family.thinking and can_show(name) else ""
    prompt, text = written_turn(family, assistant(family, content, reasoning, calls))
    opening = opening_in(prompt, family.thinking)
    tools = tools_for(calls)
    whole = parse(family, [text], tools, opening=opening)
    assert plain(whole) == (content, reasoning, calls)
    for first in range(len(text) + 1):
        assert parse(family, [text[:first], text[first:]], tools, opening=opening) == whole
        second = (first * 7 + 3) % (len(text) + 1)
        a, b = sorted((first, second))
        assert parse(family, [text[:a], text[a:b], text[b:]], tools, opening=opening) == whole


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calls=CALLS, content=PROSE, data=st.data())
def test_a_turn_in_plain_text_is_parsed_however_it_is_cut(
    calls: list[tuple[str, dict[str, Any]]], content: str, data: st.DataObject
) -> None:
    family = FAMILIES["json"]
    message = assistant(family, content, calls=calls)
    dialect = Dialect(family, takes_calls=False, takes_tools=False)
    chat = template("json")
    prompt = chat.render([USER])
    shown = in_plain_text([USER, message], [], dialect)
    text = chat.render(shown, add_generation_prompt=False).removeprefix(prompt)
    text = text.removesuffix("<|end|>")
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12).map(sorted))
    pieces = [text[a:b] for a, b in pairwise([0, *cuts, len(text)])]
    assert plain(parse(family, pieces, tools_for(calls))) == (content, "", calls)
