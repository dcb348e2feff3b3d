"""Wrong requests: the right status, the error body, and a message that says what to change."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.server import MODEL, RunningServer, chat, running_server

PATH = "/v1/chat/completions"


def assert_error(response: httpx.Response, status: int, reason: str, *parts: str) -> None:
    body = response.json()
    assert response.status_code == status, body
    assert body["code"] == status
    assert body["reason"] == reason
    assert set(body) == {"code", "reason", "message", "metadata", "error"}
    assert body["error"]["message"] == body["message"]
    assert set(body["error"]) == {"message", "type", "param", "code"}
    for part in parts:
        assert part in body["message"], f"{part!r} is not in {body['message']!r}"


@pytest.mark.spec("S03")
@pytest.mark.parametrize(
    "header", [None, "Bearer", "Basic abc", "Bearer wrong", "sk-palaver-test", ""]
)
def test_a_missing_malformed_or_unknown_key_is_401(
    server: RunningServer, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = httpx.post(f"{server.url}{PATH}", json=chat(), headers=headers)
    assert_error(response, 401, "INVALID_API_KEY")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.spec("S02")
@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_not_declared_as_json_is_415(client: httpx.Client, declared: str) -> None:
    response = client.post(PATH, content=b"{}", headers={"Content-Type": declared})
    assert_error(response, 415, "UNSUPPORTED_MEDIA_TYPE", "application/json")


@pytest.mark.spec("S02")
def test_a_charset_beside_the_type_is_accepted(client: httpx.Client) -> None:
    body = httpx.Request("POST", "http://x", json=chat(max_tokens=1)).content
    declared = {"Content-Type": "application/json; charset=utf-8"}
    assert client.post(PATH, content=body, headers=declared).status_code == 200


@pytest.mark.spec("S02")
@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{"model": "x",}', "line 1 column 15"),
        (b'{\n  "model": x\n}', "line 2 column 12"),
        (b"", "line 1"),
        (b'{"model": NaN}', "line 1"),
        (b"\xff\xfe", "line 1"),
        (b"[" * 100_000, "line 1"),
    ],
)
def test_malformed_json_is_400_with_line_and_column(
    client: httpx.Client, content: bytes, where: str
) -> None:
    response = client.post(PATH, content=content, headers={"Content-Type": "application/json"})
    assert_error(response, 400, "INVALID_REQUEST_BODY", "not valid JSON", where)


@pytest.mark.parametrize("content", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_a_body_that_is_not_an_object_is_400(client: httpx.Client, content: bytes) -> None:
    response = client.post(PATH, content=content, headers={"Content-Type": "application/json"})
    assert_error(response, 400, "INVALID_REQUEST_BODY", "must be a JSON object")


@pytest.mark.spec("S40")
@pytest.mark.parametrize(
    ("role", "member", "value", "belongs"),
    [
        ("user", "tool_calls", [{"id": "c", "function": {"name": "f", "arguments": "{}"}}], "assi"),
        ("system", "reasoning_content", "So.", "assistant"),
        ("user", "audio", {"id": "audio_0"}, "assistant"),
        ("assistant", "tool_call_id", "c", "tool"),
    ],
)
def test_a_field_of_another_role_is_400(
    client: httpx.Client, role: str, member: str, value: Any, belongs: str
) -> None:
    message = {"role": role, "content": "Hi", member: value}
    response = client.post(PATH, json=chat(messages=[message]))
    assert_error(response, 400, "INVALID_REQUEST_BODY", f"belongs in a message of role {belongs}")
    assert response.json()["error"]["param"] == f"messages[0].{member}"
    empty: dict[str, Any] = {
        "role": "user",
        "content": "Hi",
        "tool_calls": [],
        "tool_call_id": "",
        "audio": None,
    }
    assert client.post(PATH, json=chat(messages=[empty])).status_code == 200


@pytest.mark.spec("S05")
def test_an_unknown_model_is_404_and_the_known_ones_are_named(client: httpx.Client) -> None:
    response = client.post(PATH, json=chat(model="nobody/nothing"))
    assert_error(response, 404, "MODEL_NOT_FOUND", "nobody/nothing", MODEL)
    assert response.json()["error"]["param"] == "model"


@pytest.mark.spec("S39")
@pytest.mark.parametrize(
    ("fields", "param", "parts"),
    [
        ({"model": None}, "model", ["string", "null"]),
        ({"messages": None}, "messages", ["array"]),
        ({"messages": []}, "messages", ["at least 1"]),
        ({"messages": "hi"}, "messages", ["array", '"hi"']),
        ({"messages": [{"role": "bot", "content": "x"}]}, "messages[0].role", ["'user'", "bot"]),
        ({"messages": [{"content": "x"}]}, "messages[0].role", ["required"]),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", ["string", "5"]),
        ({"messages": [{"role": "user"}]}, "messages[0].content", ["is required, except"]),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
            ["required"],
        ),
        (
            {"messages": [{"role": "user", "content": "x", "name": "a b"}]},
            "messages[0].name",
            ["match"],
        ),
        ({"max_tokens": 0}, "max_tokens", ["at least 1", "0"]),
        ({"max_tokens": "5"}, "max_tokens", ["integer", '"5"']),
        ({"max_tokens": 1.5}, "max_tokens", ["integer", "1.5"]),
        ({"max_tokens": True}, "max_tokens", ["integer", "true"]),
        ({"temperature": 2.1}, "temperature", ["at most 2", "2.1"]),
        ({"temperature": -0.1}, "temperature", ["at least 0", "-0.1"]),
        ({"temperature": "hot"}, "temperature", ["number", "hot"]),
        ({"top_p": 0}, "top_p", ["greater than 0"]),
        ({"top_p": 1.01}, "top_p", ["at most 1"]),
        ({"top_k": 129}, "top_k", ["at most 128"]),
        ({"min_p": -1}, "min_p", ["at least 0"]),
        ({"n": 0}, "n", ["at least 1"]),
        ({"n": 129}, "n", ["at most 128"]),
        ({"seed": 1.5}, "seed", ["integer"]),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", ["at most 4"]),
        ({"stop": [""]}, "stop[0]", ["at least 1 character"]),
        ({"stop": 5}, "stop", ["array", "5"]),
        ({"stream": "yes"}, "stream", ["true or false"]),
        ({"stream_options": {"include_usage": True}}, "stream_options", ["stream"]),
        ({"top_logprobs": 3}, "top_logprobs", ["needs logprobs"]),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs", ["at most 20", "21"]),
        ({"logit_bias": {"x": 1}}, "logit_bias", ["x", "token id"]),
        ({"logit_bias": {"5": 101}}, "logit_bias.5", ["at most 100"]),
        ({"presence_penalty": 3}, "presence_penalty", ["at most 2"]),
        ({"repetition_penalty": 0}, "repetition_penalty", ["greater than 0"]),
        ({"context_length_exceeded_behavior": "cut"}, "context_length_exceeded_behavior", ["cut"]),
        ({"enable_thinking": 1}, "enable_thinking", ["true or false"]),
    ],
)
def test_a_wrong_field_is_400_and_the_message_names_field_limit_and_value(
    client: httpx.Client, fields: dict[str, Any], param: str, parts: list[str]
) -> None:
    response = client.post(PATH, json=chat(**fields))
    assert_error(response, 400, "INVALID_REQUEST_BODY", param, *parts)
    assert response.json()["error"]["param"].startswith(param)


@pytest.mark.spec("S39")
def test_null_means_the_default_in_every_optional_field(client: httpx.Client) -> None:
    from palaver.api.wire.request import ChatCompletionRequest

    optional: dict[str, Any] = {
        name: None
        for name, field in ChatCompletionRequest.model_fields.items()
        if not field.is_required() and name != "max_tokens"
    }
    response = client.post(PATH, json=chat(max_tokens=2, **optional | {"temperature": 0}))
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "fields",
    [
        {"functions": [{"name": "f"}]},
        {"function_call": "auto"},
        {"store": True},
    ],
)
def test_a_known_field_that_cannot_be_honoured_is_refused(
    client: httpx.Client, fields: dict[str, Any]
) -> None:
    (name,) = fields
    response = client.post(PATH, json=chat(**fields))
    assert_error(response, 400, "INVALID_REQUEST_BODY", name, "not supported")


@pytest.mark.spec("S15")
def test_a_prompt_past_the_window_is_400_with_both_lengths(client: httpx.Client) -> None:
    response = client.post(PATH, json=chat("word " * 6000))
    assert_error(response, 400, "INVALID_REQUEST_BODY", "messages", "4096", "60")


@pytest.mark.spec("S15")
def test_max_tokens_past_the_window_is_an_error_only_on_request(
    client: httpx.Client,
) -> None:
    body = chat("word " * 3000 + "Hello", max_tokens=4000, stop=[" ", "a", "e", "."])
    shrunk = client.post(PATH, json=body)
    assert shrunk.status_code == 200, shrunk.text
    refused = client.post(PATH, json=body | {"context_length_exceeded_behavior": "error"})
    assert_error(refused, 400, "INVALID_REQUEST_BODY", "max_tokens", "4000", "4096")


@pytest.mark.spec("S40")
def test_unknown_fields_are_named_in_a_header_with_their_paths(client: httpx.Client) -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "Hi", "x": 1}], "mood": "good"}
    body = chat(max_tokens=1, frobnicate=1, zap={"a": 1}, messages=[message])
    response = client.post(PATH, json=body)
    assert response.headers["x-ignored-fields"] == (
        "frobnicate, messages[0].content[0].x, messages[0].mood, zap"
    )


@pytest.mark.spec("S40")
def test_an_answer_of_the_official_client_can_be_sent_back_as_it_is(client: httpx.Client) -> None:
    answer: dict[str, Any] = {
        "role": "assistant",
        "content": "Hello!",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
    }
    messages = [{"role": "user", "content": "Hi"}, answer, {"role": "user", "content": "Bye"}]
    response = client.post(PATH, json=chat(max_tokens=1, messages=messages))
    assert response.status_code == 200
    assert "x-ignored-fields" not in response.headers


def test_unknown_fields_are_400_on_a_strict_server(tmp_path: Any) -> None:
    with running_server(tmp_path, "--strict") as strict, strict.client() as client:
        assert_error(
            client.post(PATH, json=chat(frobnicate=1)), 400, "INVALID_REQUEST_BODY", "frobnicate"
        )
        assert client.post(PATH, json=chat(max_tokens=1)).status_code == 200


def test_a_body_over_the_limit_is_413(tmp_path: Any) -> None:
    variables = {"PALAVER_MAX_BODY_MIB": "0.01"}
    with running_server(tmp_path, environment=variables) as small, small.client() as client:
        response = client.post(PATH, json=chat("x" * 20_000))
        assert_error(response, 413, "REQUEST_TOO_LARGE", "bytes")


def test_unknown_paths_and_methods_have_the_same_body(client: httpx.Client) -> None:
    assert_error(client.get("/nowhere"), 404, "NOT_FOUND", "/nowhere")
    response = client.get(PATH)
    assert_error(response, 405, "METHOD_NOT_ALLOWED", "GET", "POST")
    assert response.headers["Allow"] == "POST"


def test_the_server_still_answers_after_all_these_errors(client: httpx.Client) -> None:
    assert client.post(PATH, json=chat(max_tokens=2)).status_code == 200
