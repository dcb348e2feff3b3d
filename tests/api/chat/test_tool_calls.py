"""Tools through the real server and the built-in model."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.api import toolsets
from tests.server import chat
from tests.sse import joined, stream_events

PATH = "/v1/chat/completions"
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "dish": {"enum": ["soup", "pizza"]},
        "num": {"type": "integer", "minimum": 1, "maximum": 4},
        "notes": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2},
    },
    "required": ["dish", "num", "notes"],
    "additionalProperties": False,
}


def function(name: str, parameters: Any = None, **fields: Any) -> dict[str, Any]:
    given = {} if parameters is None else {"parameters": parameters}
    described = {"name": name, "description": f"Does {name.replace('_', ' ')}."}
    return {"type": "function", "function": described | given | fields}


WEATHER = function("get_weather", CITY, description="Get the current weather of a city.")
TIME = function("get_time", CITY, description="The time in a city.")
BOTH = [WEATHER, TIME]
ROME = "What is the weather in Rome?"


def ask(client: httpx.Client, content: str = ROME, **fields: Any) -> dict[str, Any]:
    response = client.post(PATH, json=chat(content, **{"max_tokens": 200, "tools": BOTH} | fields))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def calls_of(answer: dict[str, Any], choice: int = 0) -> list[tuple[str, Any]]:
    calls = answer["choices"][choice]["message"].get("tool_calls", [])
    return [(c["function"]["name"], json.loads(c["function"]["arguments"])) for c in calls]


@pytest.mark.spec("S31")
@pytest.mark.spec("S43")
def test_a_call_has_its_arguments_and_is_the_finish_reason(client: httpx.Client) -> None:
    answer = ask(client)
    (choice,) = answer["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert set(call) == {"id", "type", "function"}
    assert call["type"] == "function"
    assert call["id"].startswith("call_")
    assert call["function"] == {"name": "get_weather", "arguments": '{"city": "Rome"}'}
    assert choice["message"]["content"] is None
    assert answer["usage"]["completion_tokens"] > 5


@pytest.mark.spec("S23")
@pytest.mark.spec("S31")
@pytest.mark.parametrize("stop", ["a", "<tool", "_call>", "tool_call"])
def test_a_stop_string_does_not_match_the_markup_of_a_call(client: httpx.Client, stop: str) -> None:
    answer = ask(client, stop=stop, tool_choice="required")
    assert calls_of(answer) == [("get_weather", {"city": "Rome"})]
    assert answer["choices"][0]["message"]["content"] is None


@pytest.mark.spec("S31")
def test_a_question_that_needs_no_tool_is_answered_with_text(client: httpx.Client) -> None:
    (choice,) = ask(client, "Who are you?")["choices"]
    assert choice["finish_reason"] == "stop"
    assert "palaver" in choice["message"]["content"]
    assert "tool_calls" not in choice["message"]


@pytest.mark.spec("S31")
@pytest.mark.spec("S45")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"content": "What is the weather in Rome and in Oslo?"},
        {"content": "Hello!"},
        {"tool_choice": "required", "temperature": 2, "seed": 5, "n": 3},
        {"temperature": 1.5, "seed": 6, "n": 3, "stop": ["\n", "a"]},
        {"enable_thinking": True},
        {"enable_thinking": True, "separate_reasoning": True},
        {"tool_choice": "required", "temperature": 2, "seed": 5, "max_tokens": 12},
        {"logprobs": True, "top_logprobs": 2},
    ],
)
def test_streamed_calls_equal_those_of_a_unary_answer(
    client: httpx.Client, fields: dict[str, Any]
) -> None:
    whole = ask(client, **fields)
    content = fields.pop("content", ROME)
    events = stream_events(client, chat(content, **{"max_tokens": 200, "tools": BOTH} | fields))
    for i, choice in enumerate(whole["choices"]):
        assert joined(events, choice=i) == (choice["message"]["content"] or "")
        reasoning = choice["message"].get("reasoning_content", "")
        assert joined(events, "reasoning_content", i) == reasoning
        assert streamed_calls(events, i) == choice["message"].get("tool_calls", [])
        parts = [p for e in events for p in e["choices"] if p["index"] == i]
        assert parts[-1]["finish_reason"] == choice["finish_reason"]
        logprobs = [e for p in parts if p["logprobs"] for e in p["logprobs"]["content"]]
        assert logprobs == ((choice["logprobs"] or {}).get("content") or [])


def streamed_calls(events: list[dict[str, Any]], choice: int) -> list[dict[str, Any]]:
    """The calls that deltas add up to, joined as OpenAI's clients do it."""
    calls: list[dict[str, Any]] = []
    for event in events:
        for part in event["choices"]:
            for delta in part["delta"].get("tool_calls", ()) if part["index"] == choice else ():
                if delta["index"] == len(calls):
                    assert set(delta) == {"index", "id", "type", "function"}
                    calls.append({k: delta[k] for k in ("id", "type")} | {"function": {}})
                    calls[-1]["function"] = {"name": delta["function"]["name"], "arguments": ""}
                else:
                    assert set(delta) == {"index", "function"}
                    assert set(delta["function"]) == {"arguments"}
                calls[delta["index"]]["function"]["arguments"] += delta["function"]["arguments"]
    return calls


@pytest.mark.spec("S31")
def test_arguments_are_streamed_while_they_are_generated(client: httpx.Client) -> None:
    events = stream_events(client, chat(ROME, tools=BOTH, max_tokens=100))
    deltas = [
        delta["function"]["arguments"]
        for event in events
        for part in event["choices"]
        for delta in part["delta"].get("tool_calls", ())
    ]
    assert len(deltas) > 3
    assert "".join(deltas) == '{"city": "Rome"}'


@pytest.mark.spec("S33")
@pytest.mark.parametrize("choice", ["required", "get_time", "auto", "none"])
@pytest.mark.parametrize("temperature", [0, 2])
def test_tool_choice_is_obeyed(client: httpx.Client, choice: str, temperature: float) -> None:
    named = {"type": "function", "function": {"name": choice}}
    tool_choice = named if choice.startswith("get") else choice
    answer = ask(client, "Hello!", tool_choice=tool_choice, temperature=temperature, seed=1, n=4)
    for i, given in enumerate(answer["choices"]):
        if given["finish_reason"] == "length":
            continue
        names = {name for name, _ in calls_of(answer, i)}
        match choice:
            case "required":
                assert names
                assert names <= {"get_weather", "get_time"}
            case "get_time":
                assert names == {"get_time"}
                assert len(calls_of(answer, i)) == 1
            case "none":
                assert not names
        assert given["finish_reason"] == ("tool_calls" if names else "stop")


@pytest.mark.spec("S33")
def test_several_calls_are_made_unless_parallel_tool_calls_is_false(client: httpx.Client) -> None:
    question = "What is the weather in Rome and in Oslo?"
    assert [a["city"] for _, a in calls_of(ask(client, question))] == ["Rome", "Oslo"]
    assert len(calls_of(ask(client, question, parallel_tool_calls=False))) == 1


@pytest.mark.spec("S32")
@pytest.mark.parametrize("thinks", [False, True])
def test_strict_arguments_match_their_schema_at_any_temperature(
    client: httpx.Client, thinks: bool
) -> None:
    tools = [function("order_food", ORDER, strict=True), function("leave", strict=True)]
    validators = {"order_food": ORDER, "leave": {"type": "object", "maxProperties": 0}}
    answer = ask(
        client,
        *("Order two pizzas.",),
        tools=tools,
        tool_choice="required",
        temperature=2,
        seed=3,
        n=8,
        max_tokens=400,
        enable_thinking=thinks,
    )
    num_checked = 0
    for i, choice in enumerate(answer["choices"]):
        if choice["finish_reason"] == "tool_calls":
            for name, arguments in calls_of(answer, i):
                Draft202012Validator(validators[name]).validate(arguments)
                num_checked += 1
    assert num_checked


@pytest.mark.spec("S32")
@pytest.mark.spec("S36")
def test_a_strict_schema_that_cannot_be_enforced_is_400_with_its_path(
    client: httpx.Client,
) -> None:
    schema = {"type": "object", "properties": {"a": {"not": {"type": "string"}}}}
    body = chat(tools=[WEATHER, function("f", schema, strict=True)])
    response = client.post(PATH, json=body)
    assert response.status_code == 400
    assert response.json()["error"]["param"].startswith(
        "tools[1].function.parameters.properties.a.not"
    )
    loose = chat("Call f.", tools=[function("f", schema)], tool_choice="required", max_tokens=60)
    assert client.post(PATH, json=loose).status_code == 200


@pytest.mark.spec("S34")
@pytest.mark.parametrize("choice", ["auto", "required", "none"])
def test_with_a_response_format_an_answer_is_a_call_or_follows_the_format(
    client: httpx.Client, choice: str
) -> None:
    answer = ask(
        client,
        response_format={"type": "json_object"},
        tool_choice=choice,
        temperature=1.5,
        seed=2,
        n=4,
        max_tokens=400,
    )
    for i, given in enumerate(answer["choices"]):
        if given["finish_reason"] == "length":
            continue
        if calls_of(answer, i):
            assert choice != "none"
            assert given["message"]["content"] is None
        else:
            assert choice != "required"
            assert isinstance(json.loads(given["message"]["content"]), dict)


@pytest.mark.parametrize(
    ("fields", "param", "part"),
    [
        ({"tools": [WEATHER, WEATHER]}, "tools[1].function.name", "another function"),
        ({"tools": [function("a b")]}, "tools[0].function.name", "must match"),
        ({"tools": [function("f" * 65)]}, "tools[0].function.name", "must match"),
        ({"tools": [function("f", {"type": "array"})]}, "tools[0].function.parameters.type", "obj"),
        ({"tools": [function("f", [])]}, "tools[0].function.parameters", "must be an object"),
        ({"tools": [{"type": "browser"}]}, "tools[0].type", "'function'"),
        ({"tools": [function(f"f{i}") for i in range(129)]}, "tools", "128"),
        ({"tool_choice": "required"}, "tool_choice", "needs tools"),
        ({"tool_choice": "always", "tools": BOTH}, "tool_choice", "auto"),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}, "tools": BOTH},
            "tool_choice.function.name",
            "none of the tools",
        ),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls", "true or false"),
    ],
)
@pytest.mark.spec("S31")
@pytest.mark.spec("S33")
def test_inconsistent_tool_fields_are_400_and_named(
    client: httpx.Client, fields: dict[str, Any], param: str, part: str
) -> None:
    response = client.post(PATH, json=chat(**fields))
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == param
    assert part in response.json()["message"]


def conversation(result: Any, call_id: str = "call_1") -> list[dict[str, Any]]:
    call = {"name": "get_weather", "arguments": '{"city": "Rome"}'}
    return [
        {"role": "user", "content": ROME},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": call_id, "content": result},
    ]


@pytest.mark.spec("S31")
def test_tool_results_of_any_type_become_their_json(client: httpx.Client) -> None:
    value = {"sky": "sunny", "degrees": 21}
    texts = [json.dumps(value), [{"type": "text", "text": json.dumps(value)}], value]
    answers = [ask(client, messages=conversation(text)) for text in texts]
    assert len({answer["choices"][0]["message"]["content"] for answer in answers}) == 1
    assert len({answer["usage"]["prompt_tokens"] for answer in answers}) == 1
    assert "sunny" in answers[0]["choices"][0]["message"]["content"]
    for other in (21, True, [1, 2], [], [{"a": 1}]):
        assert ask(client, messages=conversation(other))["choices"]


@pytest.mark.spec("S31")
def test_a_tool_result_without_a_call_is_400(client: httpx.Client) -> None:
    response = client.post(PATH, json=chat(messages=conversation("sunny", "call_2"), tools=BOTH))
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "messages[2].tool_call_id"
    assert "call_2" in response.json()["message"]


@pytest.mark.spec("S31")
def test_ids_are_the_same_for_the_same_request_and_differ_within_a_conversation(
    client: httpx.Client,
) -> None:
    def ids(**fields: Any) -> list[str]:
        (choice,) = ask(client, **fields)["choices"]
        return [call["id"] for call in choice["message"]["tool_calls"]]

    question = "What is the weather in Rome and in Oslo?"
    assert ids(content=question) == ids(content=question)
    assert ids(seed=1) == ids(seed=1)
    assert len({*ids(content=question), *ids(seed=1), *ids(seed=2)}) == 4


@pytest.mark.spec("S44")
def test_thinking_before_a_call_is_counted(client: httpx.Client) -> None:
    answer = ask(client, enable_thinking=True, separate_reasoning=True)
    assert answer["choices"][0]["message"]["reasoning_content"]
    usage = answer["usage"]
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]


@pytest.mark.spec("S29")
def test_tokens_of_calls_have_their_log_probabilities(client: httpx.Client) -> None:
    answer = ask(client, logprobs=True)
    (choice,) = answer["choices"]
    tokens = [entry["token"] for entry in choice["logprobs"]["content"]]
    assert "".join(tokens).startswith('<tool_call>\n{"name": "get_weather"')
    assert len(tokens) in (answer["usage"]["completion_tokens"] - i for i in (0, 1))


@pytest.mark.spec("S32")
@pytest.mark.spec("S33")
def test_random_tools_are_called_by_their_schemas_at_temperature_two(
    client: httpx.Client,
) -> None:
    rng = random.Random(1)
    requests = [toolsets.request(rng, max_tokens=150) for _ in range(24)]
    tally = toolsets.Tally()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: client.post(PATH, json=body), requests))
    for body, answer in zip(requests, answers, strict=True):
        assert answer.status_code == 200, answer.text
        tally.add(body, answer.json())
    assert not tally.faults
    assert tally.num_calls > 10


@pytest.mark.spec("S31")
def test_another_description_of_a_tool_changes_the_prompt_and_not_the_grammar(
    client: httpx.Client,
) -> None:
    answers = [
        ask(client, tools=[function("get_weather", CITY, description=text), TIME])
        for text in ("Get the current weather of a city.", "The weather.", "")
    ]
    assert len({answer["usage"]["prompt_tokens"] for answer in answers}) == 3
    assert all(
        answer["choices"][0]["finish_reason"] in ("stop", "tool_calls") for answer in answers
    )
