"""Structured answers through the real server and the built-in model."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jsonschema
import pytest

from tests.chat.schema.generated import random_schema
from tests.host.processes import children_of, wait_until
from tests.server import RunningServer, chat
from tests.sse import joined, stream_events

PATH = "/v1/chat/completions"
ADA = "My name is Ada and I am 36 years old."
PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "the languages that the person speaks": {
            "type": "array",
            "items": {"enum": ["English", "Chinese", "French"]},
            "maxItems": 3,
        },
    },
    "required": ["name", "age", "the languages that the person speaks"],
    "additionalProperties": False,
}
JSON_OBJECT = {"type": "json_object"}


def named(schema: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema} | fields}


def ask(client: httpx.Client, content: str = ADA, **fields: Any) -> dict[str, Any]:
    wanted = {"response_format": named(PERSON), "max_tokens": 300} | fields
    response = client.post(PATH, json=chat(content, **wanted))
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def contents(answer: dict[str, Any]) -> list[str]:
    return [choice["message"]["content"] for choice in answer["choices"]]


def is_person(text: str) -> bool:
    return bool(jsonschema.Draft202012Validator(PERSON).is_valid(json.loads(text)))


@pytest.mark.spec("S34")
@pytest.mark.parametrize("temperature", [0, 1.5])
def test_json_object_answers_are_json_objects(client: httpx.Client, temperature: float) -> None:
    answer = ask(client, response_format=JSON_OBJECT, temperature=temperature, seed=1, n=4)
    for choice in answer["choices"]:
        if choice["finish_reason"] == "stop":
            assert isinstance(json.loads(choice["message"]["content"]), dict)
    assert any(choice["finish_reason"] == "stop" for choice in answer["choices"])


@pytest.mark.spec("S34")
def test_text_is_the_default(client: httpx.Client) -> None:
    plain = ask(client, response_format=None, max_tokens=12)
    assert contents(ask(client, response_format={"type": "text"}, max_tokens=12)) == contents(plain)


@pytest.mark.spec("S35")
@pytest.mark.parametrize("temperature", [0, 1, 2])
def test_every_choice_matches_its_schema(client: httpx.Client, temperature: float) -> None:
    answer = ask(client, temperature=temperature, seed=5, n=8)
    assert all(choice["finish_reason"] == "stop" for choice in answer["choices"])
    assert all(map(is_person, contents(answer)))


@pytest.mark.spec("S35")
def test_every_spelling_and_strictness_of_a_schema_gives_the_same_answer(
    client: httpx.Client,
) -> None:
    wanted: dict[str, Any] = {"temperature": 1, "seed": 4}
    first = contents(ask(client, **wanted))
    for response_format in (
        {"type": "json_schema", "schema": PERSON},
        {"type": "json_schema", "json_schema": {"schema": PERSON}},
        named(PERSON, strict=True, description="A person."),
        named(PERSON, strict=False),
        named(PERSON, strict=None),
    ):
        assert contents(ask(client, response_format=response_format, **wanted)) == first


@pytest.mark.spec("S36")
@pytest.mark.parametrize("strict", [True, False, None])
@pytest.mark.parametrize("stream", [True, False])
def test_a_keyword_that_cannot_be_enforced_is_named_with_its_path(
    client: httpx.Client, strict: bool | None, stream: bool
) -> None:
    schema = {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}}
    body = chat(response_format=named(schema, strict=strict), stream=stream)
    response = client.post(PATH, json=body)
    assert response.status_code == 400
    path = "response_format.json_schema.schema.properties.tags.uniqueItems"
    assert response.json()["error"]["param"] == path
    assert response.json()["message"] == f'{path}: the keyword "uniqueItems" cannot be enforced'


@pytest.mark.spec("S35")
@pytest.mark.parametrize(
    ("response_format", "param"),
    [
        ("json", "response_format"),
        ({"type": "xml"}, "response_format"),
        ({"type": "json_schema"}, "response_format"),
        ({"type": "json_schema", "json_schema": {}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "schema": 5}, "response_format.schema"),
        (named({}, name="a b"), "response_format.json_schema.name"),
        (named({"type": "strin"}), "response_format.json_schema.schema.type"),
    ],
)
def test_a_malformed_format_is_refused_and_its_path_named(
    client: httpx.Client, response_format: Any, param: str
) -> None:
    response = client.post(PATH, json=chat(response_format=response_format))
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


@pytest.mark.spec("S40")
def test_an_unknown_field_is_named_but_not_those_of_the_schema(
    client: httpx.Client,
) -> None:
    body = chat(ADA, response_format=named(PERSON, colour="red"))
    response = client.post(PATH, json=body)
    assert response.headers["x-ignored-fields"] == "response_format.json_schema.colour"


@pytest.mark.spec("S14")
@pytest.mark.spec("S43")
def test_an_answer_cut_by_max_tokens_says_so(client: httpx.Client) -> None:
    (whole,) = contents(ask(client))
    answer = ask(client, max_tokens=9)
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 9
    (cut,) = contents(answer)
    assert whole.startswith(cut) and whole != cut


@pytest.mark.spec("S23")
def test_a_stop_string_ends_an_answer_within_its_json(client: httpx.Client) -> None:
    (whole,) = contents(ask(client))
    answer = ask(client, stop=['"age'])
    assert contents(answer) == [whole[: whole.index('"age') + 4]]
    assert answer["choices"][0]["finish_reason"] == "stop"


@pytest.mark.spec("S28")
def test_logit_bias_cannot_break_the_response_format(client: httpx.Client) -> None:
    for bias in ({"2": 100}, {str(i): -100 for i in range(20, 2000)}, {"300": 100, "2": -100}):
        assert all(map(is_person, contents(ask(client, temperature=1, seed=1, logit_bias=bias))))


@pytest.mark.spec("S20")
@pytest.mark.spec("S21")
@pytest.mark.spec("S22")
def test_penalties_change_values_but_not_the_structure(client: httpx.Client) -> None:
    penalties: dict[str, Any] = {
        "presence_penalty": 2,
        "frequency_penalty": 2,
        "repetition_penalty": 2,
    }
    assert all(map(is_person, contents(ask(client, temperature=1, seed=2, n=4, **penalties))))


@pytest.mark.spec("S29")
def test_fast_forward_tokens_have_log_probabilities_of_the_model_s_own_distribution(
    client: httpx.Client,
) -> None:
    plain = ask(client, temperature=1, seed=3)
    answer = ask(client, temperature=1, seed=3, logprobs=True, top_logprobs=2)
    assert contents(answer) == contents(plain)
    entries = answer["choices"][0]["logprobs"]["content"]
    text = b"".join(bytes(entry["bytes"]) for entry in entries).decode()
    assert [text] == contents(answer)
    assert len(entries) in (answer["usage"]["completion_tokens"] - i for i in (0, 1))
    assert any(entry["logprob"] < entry["top_logprobs"][-1]["logprob"] for entry in entries)


@pytest.mark.spec("S45")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"temperature": 1.5, "seed": 8, "n": 3},
        {"response_format": JSON_OBJECT, "temperature": 1, "seed": 1},
        {"enable_thinking": True, "temperature": 0.7, "seed": 2},
        {"enable_thinking": True, "separate_reasoning": True, "logprobs": True},
        {"max_tokens": 11, "logprobs": True, "top_logprobs": 1},
        {"stop": ["age", "}"]},
    ],
)
def test_a_stream_and_a_unary_answer_are_the_same(
    client: httpx.Client, fields: dict[str, Any]
) -> None:
    whole = ask(client, **fields)
    wanted = {"response_format": named(PERSON), "max_tokens": 300} | fields
    events = stream_events(client, chat(ADA, **wanted))
    for choice in whole["choices"]:
        index, message = choice["index"], choice["message"]
        for field in ("content", "reasoning_content"):
            assert joined(events, field, index) == message.get(field, "")
        parts = [part for event in events for part in event["choices"] if part["index"] == index]
        logprobs = [entry for p in parts if p["logprobs"] for entry in p["logprobs"]["content"]]
        assert logprobs == (choice["logprobs"] or {"content": []})["content"]
        assert parts[-1]["finish_reason"] == choice["finish_reason"]


@pytest.mark.spec("S37")
@pytest.mark.spec("S38")
def test_the_response_format_applies_to_the_answer_and_not_to_the_thinking(
    client: httpx.Client,
) -> None:
    wanted: dict[str, Any] = {"enable_thinking": True, "temperature": 1, "seed": 6, "n": 3}
    wanted["max_tokens"] = 600
    apart = ask(client, "What is 12 + 7?", separate_reasoning=True, **wanted)["choices"]
    inside = ask(client, "What is 12 + 7?", **wanted)["choices"]
    num_finished = 0
    for one, other in zip(apart, inside, strict=True):
        if one["finish_reason"] == "stop":
            num_finished += 1
            assert is_person(one["message"]["content"])
            assert one["message"]["reasoning_content"]
            assert other["message"]["content"].startswith("<think>\n")
            assert other["message"]["content"].endswith(one["message"]["content"])
    assert num_finished


@pytest.mark.spec("S19")
def test_an_answer_is_the_same_alone_and_among_fifteen_others(client: httpx.Client) -> None:
    variants: list[dict[str, Any]] = [
        {"temperature": 1.2, "seed": seed, "max_tokens": 80 + seed} for seed in range(8)
    ]
    variants += [{"temperature": 1, "seed": s, "response_format": None} for s in range(4)]
    variants += [{"seed": s, "logprobs": True, "temperature": 1, "n": 2} for s in range(2)]
    variants += [{"response_format": JSON_OBJECT, "seed": 1}, {"enable_thinking": True, "seed": 2}]
    alone = [ask(client, **fields)["choices"] for fields in variants]
    barrier = threading.Barrier(len(variants))

    def among_others(fields: dict[str, Any]) -> Any:
        barrier.wait()
        return ask(client, **fields)["choices"]

    with ThreadPoolExecutor(len(variants)) as pool:
        together = list(pool.map(among_others, variants))
    assert together == alone


@pytest.mark.spec("S35")
@pytest.mark.spec("S36")
def test_answers_to_generated_schemas_are_valid_or_their_schemas_refused(
    client: httpx.Client,
) -> None:
    num_valid = 0
    for seed in range(40):
        schema = random_schema(random.Random(seed))
        body = chat(response_format=named(schema), temperature=1.5, seed=seed, max_tokens=100)
        response = client.post(PATH, json=body)
        if response.status_code == 400:
            assert response.json()["error"]["param"].startswith("response_format.json_schema")
            continue
        (choice,) = response.json()["choices"]
        if choice["finish_reason"] == "stop":
            num_valid += 1
            checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
            validator = jsonschema.Draft202012Validator(schema, format_checker=checker)
            validator.validate(json.loads(choice["message"]["content"]))
    assert num_valid >= 10


@pytest.mark.spec("S36")
def test_a_hostile_schema_is_refused_while_others_are_answered(
    server: RunningServer, client: httpx.Client
) -> None:
    hostile = {"allOf": [{"type": "integer", "multipleOf": n} for n in (9973, 9967, 9949, 9941)]}
    ask(client)
    (worker,) = server.schema_pids()
    wait_until(lambda: not children_of(worker))
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(client.post, PATH, json=chat(response_format=named(hostile)))
        wait_until(lambda: len(children_of(worker)) == 1)
        (check,) = children_of(worker)
        os.kill(check, signal.SIGSTOP)  # so that it lasts until the others are answered
        try:
            ask(client)
            assert not refused.done()
        finally:
            os.kill(check, signal.SIGCONT)
        assert refused.result().status_code == 400
        assert "takes more than 2 s" in refused.result().json()["message"]
