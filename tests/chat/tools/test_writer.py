from __future__ import annotations

import json

import pytest

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.tools.tool import Call, Tool
from palaver.chat.tools.writer import written
from tests.chat.families.formats import FAMILY_NAMES, TOOL_FAMILIES, assistant, written_turn
from tests.chat.parser.reading import parse, plain

TURN = [("get_weather", {"city": "Rome", "days": 3, "in": ["a", {"b": None}]}), ("stop_all", {})]


def calls_of(name: str) -> list[Call]:
    turn = TURN[:1] if FAMILIES[name].calls.is_single else TURN
    return [Call(n, json.dumps(a), f"id{i:07}") for i, (n, a) in enumerate(turn)]


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_written_calls_are_parsed_back(name: str) -> None:
    calls = calls_of(name)
    text = written(FAMILIES[name].calls, calls)
    read = parse(FAMILIES[name], list(text), [Tool(n) for n, _ in TURN])
    assert plain(read) == ("", "", TURN[: len(calls)])


@pytest.mark.parametrize("name", sorted({*TOOL_FAMILIES} - {"mistral-list", "harmony"}))
def test_calls_are_written_as_templates_write_them(name: str) -> None:
    family = FAMILIES[name]
    _, text = written_turn(family, assistant(family, calls=TURN))
    assert text.endswith(written(family.calls, calls_of(name)))
