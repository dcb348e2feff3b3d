from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.families.dialect import Dialect
from palaver.chat.template import ChatTemplate
from palaver.chat.tools.history import for_template
from palaver.chat.tools.plain_text import adapted, in_plain_text
from palaver.chat.tools.tool import Tool
from tests.chat.families.formats import FAMILY_NAMES, template

PLAIN = Dialect(FAMILIES["json"], takes_calls=False, takes_tools=False)
USER: dict[str, Any] = {"role": "user", "content": "Weather in Rome and Oslo?"}


def call(call_id: str, arguments: Any, name: str = "get_weather") -> dict[str, Any]:
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def result(call_id: str, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


CONVERSATION: list[dict[str, Any]] = [
    USER,
    {
        "role": "assistant",
        "content": "I look.",
        "reasoning_content": "Both.",
        "tool_calls": [call("call_a", '{"city": "Rome"}'), call("call_b", '{"city": "Oslo"}')],
    },
    result("call_a", "sun"),
    result("call_b", "snow"),
    {"role": "assistant", "content": "Sun and snow."},
    {"role": "user", "content": "Thanks."},
]


def native(name: str, messages: list[dict[str, Any]], **options: Any) -> list[Any]:
    return list(for_template(messages, Dialect(FAMILIES[name], **options)))


@pytest.mark.spec("S31")
def test_arguments_become_objects_or_stay_text_as_the_template_wants() -> None:
    calls = native("hermes", CONVERSATION)[1]["tool_calls"]
    assert [c["function"]["arguments"] for c in calls] == [{"city": "Rome"}, {"city": "Oslo"}]
    calls = native("hermes", CONVERSATION, takes_text=True)[1]["tool_calls"]
    assert calls[0]["function"]["arguments"] == '{"city": "Rome"}'


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"city": "Ro'])
def test_arguments_that_are_not_an_object_stay_unchanged(text: str) -> None:
    messages = [{"role": "assistant", "content": "", "tool_calls": [call("a", text)]}]
    assert native("hermes", messages)[0]["tool_calls"][0]["function"]["arguments"] == text


def test_call_ids_take_the_form_that_the_family_accepts() -> None:
    kimi = native("kimi", CONVERSATION)
    assert [c["id"] for c in kimi[1]["tool_calls"]] == [
        "functions.get_weather:0",
        "functions.get_weather:1",
    ]
    assert kimi[3]["tool_call_id"] == "functions.get_weather:1"
    mistral = native("mistral", CONVERSATION)
    ids = [c["id"] for c in mistral[1]["tool_calls"]]
    assert all(len(i) == 9 and i.isalnum() for i in ids)
    assert [m["tool_call_id"] for m in mistral[2:4]] == ids
    assert native("hermes", CONVERSATION)[2]["tool_call_id"] == "call_a"


def test_a_result_carries_the_name_of_its_function() -> None:
    assert native("harmony", CONVERSATION)[2]["name"] == "get_weather"


def test_if_a_turn_has_only_one_call_results_follow_their_calls() -> None:
    messages = native("harmony", CONVERSATION)
    assert [m["role"] for m in messages] == [
        *("user", "assistant", "tool", "assistant", "tool", "assistant", "user"),
    ]
    assert [len(m.get("tool_calls", [])) for m in messages] == [0, 1, 0, 1, 0, 0, 0]
    assert [m["content"] for m in messages[1:5]] == ["I look.", "sun", "", "snow"]
    assert messages[1]["thinking"] == "Both."


@pytest.mark.spec("S31")
@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_every_template_shows_calls_results_and_tools(name: str) -> None:
    family = FAMILIES[name]
    tool = Tool("get_weather", {"type": "object"}, "Looks out.")
    dialect = Dialect(family, family.knows_tools, family.knows_tools)
    if family.knows_tools:
        text = template(name).render(native(name, CONVERSATION), tools=[tool.for_template()])
    else:
        text = template(name).render(in_plain_text(CONVERSATION, [tool], dialect))
    places = [text.index(word) for word in ("Looks out.", "Weather in Rome", "sun")]
    assert places == sorted(places)
    assert all(text.count(f"{city}") >= 2 for city in ("Rome", "Oslo"))
    assert "snow" in text


def test_in_plain_text_results_are_messages_of_the_user_and_joined() -> None:
    plain = in_plain_text(CONVERSATION[:4] + CONVERSATION[5:], [], PLAIN)
    assert [m["role"] for m in plain] == ["user", "assistant", "user"]
    assert plain[1]["content"].startswith('I look.\n<tool_call>\n{"name": "get_weather"')
    assert plain[2]["content"] == (
        "<tool_response>\nsun\n</tool_response>\n<tool_response>\nsnow\n</tool_response>\nThanks."
    )


@pytest.mark.parametrize("takes_system", [True, False])
def test_in_plain_text_the_tools_stand_before_everything(takes_system: bool) -> None:
    tool = Tool("get_weather", {"type": "object"}, "Looks out.")
    dialect = replace(PLAIN, takes_system=takes_system)
    role = "system" if takes_system else "user"
    shown = in_plain_text([{"role": role, "content": "Hi."}], [tool], dialect)
    assert len(shown) == 1
    assert shown[0]["role"] == role
    assert '"name": "get_weather"' in shown[0]["content"]
    assert shown[0]["content"].endswith("\n\nHi.")
    alone = in_plain_text([{"role": "assistant", "content": "Hi."}], [tool], dialect)
    assert [m["role"] for m in alone] == [role, "assistant"]


def test_a_template_that_wants_short_ids_gets_them() -> None:
    messages = native("mistral-list", CONVERSATION)
    assert isinstance(template("mistral-list"), ChatTemplate)
    assert "sun" in template("mistral-list").render(messages)


def test_a_template_that_shows_calls_but_no_tools_has_them_described_with_its_own_form() -> None:
    family = FAMILIES["deepseek-v3.1"]
    tool = Tool("get_weather", {"type": "object"}, "Looks out.")
    shown = adapted(CONVERSATION, [tool], Dialect(family, takes_tools=False))
    assert shown[0]["role"] == "system"
    assert "Looks out." in shown[0]["content"]
    assert "<｜tool▁call▁begin｜>NAME<｜tool▁sep｜>" in shown[0]["content"]
    assert shown[2]["tool_calls"][0]["function"]["arguments"] == {"city": "Rome"}
    assert len(shown) == len(CONVERSATION) + 1
