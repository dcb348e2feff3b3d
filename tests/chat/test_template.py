from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from palaver.chat.template import ChatTemplate
from palaver.errors import InvalidRequest, ModelFolderError
from palaver.models.catalogue import BUILT_IN_FOLDER

USER = {"role": "user", "content": "Hi"}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Wetter für <Orte>", "parameters": {}},
}


def rendered(source: str, *messages: dict[str, Any], **special_tokens: str) -> str:
    return ChatTemplate(source, special_tokens).render(messages or [USER])


def built_in(messages: list[dict[str, Any]], **options: Any) -> str:
    source = (BUILT_IN_FOLDER / "chat_template.jinja").read_text(encoding="utf-8")
    return ChatTemplate(source, {}).render(messages, **options)


def test_tojson_escapes_neither_html_nor_other_alphabets() -> None:
    assert rendered("{{ {'a': '<b> & \\'c\\' 你好'} | tojson }}") == '{"a": "<b> & \'c\' 你好"}'


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", '{"b": [1, 2], "a": null}'),
        ("(sort_keys=true)", '{"a": null, "b": [1, 2]}'),
        ("(separators=(',', ':'))", '{"b":[1,2],"a":null}'),
        ("(indent=1)", '{\n "b": [\n  1,\n  2\n ],\n "a": null\n}'),
    ],
)
def test_tojson_takes_the_arguments_that_templates_give(arguments: str, expected: str) -> None:
    assert rendered("{{ {'b': [1, 2], 'a': none} | tojson" + arguments + " }}") == expected


def test_tojson_can_escape_what_is_not_ascii() -> None:
    assert rendered("{{ 'é' | tojson(ensure_ascii=true) }}") == '"\\u00e9"'


def test_text_is_not_escaped() -> None:
    assert rendered("{{ messages[0].content }}", {"content": "<a> & b"}) == "<a> & b"


def test_a_template_that_raises_gives_an_invalid_request_with_its_message() -> None:
    with pytest.raises(InvalidRequest, match="roles must alternate") as refusal:
        rendered("{{ raise_exception('roles must alternate') }}")
    assert refusal.value.param == "messages"


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages[0].name.first }}",
        "{{ messages[0].nothing | tojson }}",
        "{{ 'a' + 1 }}",
        "{{ 1 // 0 }}",
        "{{ range(10 ** 9) | length }}",
        "{{ messages[0]['content'].index('x') }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_a_template_that_fails_gives_an_invalid_request(source: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rendered(source)
    assert refusal.value.param == "messages"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__class__.__name__ }}",
        "{{ raise_exception.__globals__['json'] }}",
        "{{ (messages | map(attribute='__class__') | first).__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update({'content': 'changed'}) }}",
    ],
)
def test_the_sandbox_blocks_unsafe_access_and_mutation(source: str) -> None:
    messages = [dict(USER)]
    with pytest.raises(InvalidRequest):
        ChatTemplate(source, {}).render(messages)
    assert messages == [USER]


def test_strftime_now_is_the_local_time() -> None:
    before = datetime.now()
    text = rendered("{{ strftime_now('%Y-%m-%d %H:%M:%S') }}")
    shown = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    assert before.replace(microsecond=0) <= shown <= datetime.now()


def test_loops_can_break_and_continue() -> None:
    source = (
        "{% for n in range(9) %}{% if n == 1 %}{% continue %}{% endif %}"
        "{% if n == 4 %}{% break %}{% endif %}{{ n }}{% endfor %}"
    )
    assert rendered(source) == "023"


def test_generation_blocks_are_transparent() -> None:
    source = (
        "{% for message in messages %}{% generation %}"
        "<{{ message.content }}{{ loop.index }}>{% endgeneration %}{% endfor %}!"
    )
    assert rendered(source, USER, USER) == "<Hi1><Hi2>!"


def test_blocks_leave_no_blank_lines() -> None:
    assert rendered("{% if true %}\n    {% set a = 1 %}\na\n{% endif %}\nb\n") == "a\nb"


def test_templates_refer_to_special_tokens_by_name() -> None:
    assert rendered("{{ bos_token }}{{ eos_token }}|", bos_token="<s>") == "<s>|"


def test_templates_get_add_generation_prompt_and_no_tools_or_documents() -> None:
    source = "{{ add_generation_prompt }} {{ tools is none }} {{ documents is none }}"
    assert rendered(source) == "True True True"


@pytest.mark.parametrize("tools", [None, [], ()])
def test_an_empty_list_of_tools_is_passed_as_none(tools: Any) -> None:
    assert ChatTemplate("{{ tools is none }}", {}).render([USER], tools=tools) == "True"


@pytest.mark.parametrize("source", ["{% if %}", "{{ a", "{% endfor %}", "{% unheard_of %}"])
def test_an_invalid_template_is_an_error_of_the_folder(source: str) -> None:
    with pytest.raises(ModelFolderError, match="chat template"):
        ChatTemplate(source, {})


@pytest.mark.spec("S38")
@pytest.mark.parametrize("switch", ["enable_thinking", "thinking"])
def test_a_template_can_think_if_it_reads_one_of_the_switches(switch: str) -> None:
    template = ChatTemplate("{% if " + switch + " %}hm{% endif %}", {})
    assert template.can_think
    assert template.render([], enable_thinking=True) == "hm"
    assert template.render([], enable_thinking=False) == ""


def test_a_template_that_only_mentions_thinking_has_no_switch() -> None:
    assert not ChatTemplate("{{ message.thinking }} thinking", {}).can_think


@pytest.mark.parametrize(("effort", "expected"), [("high", "high"), (None, "medium")])
def test_templates_may_get_a_reasoning_effort(effort: str | None, expected: str) -> None:
    source = "{{ reasoning_effort if reasoning_effort is defined else 'medium' }}"
    assert ChatTemplate(source, {}).render([USER], reasoning_effort=effort) == expected


def test_built_in_template_opens_the_answer() -> None:
    assert built_in([USER]) == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_built_in_template_opens_the_thinking_on_request() -> None:
    text = built_in([USER], enable_thinking=True)
    assert text == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n"


def test_built_in_template_joins_leading_system_messages() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        USER,
        {"role": "system", "content": "Be quick."},
    ]
    assert built_in(messages) == (
        "<|im_start|>system\nBe brief.\nBe kind.<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>system\nBe quick.<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@pytest.mark.parametrize(
    ("head", "begin"),
    [([], "Tools:"), ([{"role": "system", "content": "Be brief."}], "Be brief.\n\nTools:")],
)
def test_built_in_template_lists_tools_in_the_system_message(
    head: list[dict[str, Any]], begin: str
) -> None:
    tool = '{"name": "get_weather", "description": "Wetter für <Orte>", "parameters": {}}'
    assert built_in([*head, USER], tools=[WEATHER, WEATHER]) == (
        f"<|im_start|>system\n{begin}\n{tool}\n{tool}<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_built_in_template_shows_calls_and_their_results() -> None:
    calls: list[dict[str, Any]] = [
        {"id": "1", "function": {"name": "add", "arguments": '{"a": 1}'}},
        {"id": "2", "function": {"name": "sub", "arguments": {"b": "ü"}}},
    ]
    messages: list[dict[str, Any]] = [
        USER,
        {"role": "assistant", "content": "Let me see.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "1", "content": "2"},
        {"role": "tool", "tool_call_id": "2", "content": "3"},
    ]
    assert built_in(messages) == (
        "<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nLet me see.\n"
        '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>\n'
        '<tool_call>\n{"name": "sub", "arguments": {"b": "ü"}}\n</tool_call><|im_end|>\n'
        "<|im_start|>user\n<tool_response>\n2\n</tool_response>\n"
        "<tool_response>\n3\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_built_in_template_begins_an_answer_without_text_with_its_call() -> None:
    calls = [{"function": {"name": "now", "arguments": "{}"}}]
    text = built_in([USER, {"role": "assistant", "content": "", "tool_calls": calls}])
    call = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    assert f"<|im_start|>assistant\n{call}<|im_end|>\n" in text


def test_built_in_template_keeps_thinking_only_after_the_last_question() -> None:
    thinking = {"role": "assistant", "content": "Yes.", "reasoning_content": "Is it?"}
    result = {"role": "tool", "tool_call_id": "1", "content": "1"}
    assert built_in([USER, thinking, USER, thinking, result]) == (
        "<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nYes.<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\n<think>\nIs it?\n</think>\n\nYes.<|im_end|>\n"
        "<|im_start|>user\n<tool_response>\n1\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_built_in_template_recognises_thinking_between_tags() -> None:
    apart = {"role": "assistant", "content": "Yes.", "reasoning_content": "Is it?"}
    between = {"role": "assistant", "content": "<think>\nIs it?\n</think>\n\nYes."}
    result = {"role": "tool", "tool_call_id": "1", "content": "1"}
    for turns in ([USER], [result]):
        assert built_in([USER, between, *turns]) == built_in([USER, apart, *turns])
    spoken = {"role": "assistant", "content": "The tags are <think> and </think>."}
    assert "The tags are <think> and </think>." in built_in([USER, spoken, USER])


def test_built_in_template_accepts_parts_and_names_those_it_cannot_use() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert built_in([{"role": "user", "content": parts}]).startswith("<|im_start|>user\nab<|im")
    with pytest.raises(InvalidRequest, match="type smell"):
        built_in([{"role": "user", "content": [{"type": "smell"}]}])


def test_built_in_template_refuses_unknown_roles() -> None:
    with pytest.raises(InvalidRequest, match="not narrator"):
        built_in([{"role": "narrator", "content": "Once"}])
