"""Streams through the real server and the built-in model."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import Any

import httpx
import pytest

from tests.server import KEY, MODEL, NO_END, RunningServer, chat
from tests.sse import joined, stream_events

PATH = "/v1/chat/completions"


@pytest.mark.spec("S16")
@pytest.mark.spec("S42")
def test_the_first_delta_has_the_role_and_the_last_the_finish_reason(client: httpx.Client) -> None:
    events = stream_events(client, chat())
    choices = [event["choices"][0] for event in events]
    assert choices[0]["delta"]["role"] == "assistant"
    assert all("role" not in choice["delta"] for choice in choices[1:])
    assert all(choice["finish_reason"] is None for choice in choices[:-1])
    assert choices[-1]["finish_reason"] in ("stop", "length")
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert {event["model"] for event in events} == {MODEL}
    assert len({(event["id"], event["created"]) for event in events}) == 1


@pytest.mark.spec("S17")
def test_usage_comes_last_when_it_is_asked_for_and_is_null_before(client: httpx.Client) -> None:
    body = chat(stream_options={"include_usage": True})
    *others, last = stream_events(client, body)
    assert last["choices"] == []
    assert all(event["usage"] is None for event in others)
    unary = client.post(PATH, json=chat()).json()["usage"]
    details = {"prompt_tokens_details": last["usage"]["prompt_tokens_details"]}
    assert last["usage"] == unary | details


@pytest.mark.spec("S17")
def test_usage_is_absent_when_it_is_not_asked_for(client: httpx.Client) -> None:
    for options in ({}, {"stream_options": {"include_usage": False}}, {"stream_options": None}):
        assert all("usage" not in event for event in stream_events(client, chat(**options)))


@pytest.mark.spec("S45")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"content": "讲一个故事。", "max_tokens": 60},
        {"temperature": 2, "seed": 3, "max_tokens": 100},
        {"temperature": 2, "seed": 4, "n": 3},
        {"enable_thinking": True, "max_tokens": 120},
        {"enable_thinking": True, "separate_reasoning": True, "max_tokens": 120},
        {"content": "Tell me a story.", "stop": [" a", "the "], "max_tokens": 80},
    ],
)
def test_a_stream_equals_the_unary_answer(client: httpx.Client, fields: dict[str, Any]) -> None:
    body = chat(**{"content": "What is 12 + 7?"} | fields)
    unary = client.post(PATH, json=body).json()
    events = stream_events(client, body)
    for choice in unary["choices"]:
        index, message = choice["index"], choice["message"]
        assert joined(events, "content", index) == message["content"]
        assert joined(events, "reasoning_content", index) == message.get("reasoning_content", "")
        reasons = [
            part["finish_reason"]
            for event in events
            for part in event["choices"]
            if part["index"] == index and part["finish_reason"]
        ]
        assert reasons == [choice["finish_reason"]]


@pytest.mark.spec("S42")
def test_choices_are_interleaved(client: httpx.Client) -> None:
    events = stream_events(client, chat(n=3, temperature=1.5, seed=1, max_tokens=16))
    order = [part["index"] for event in events for part in event["choices"]]
    assert set(order[: len(order) // 2]) == {0, 1, 2}


def test_tokens_arrive_while_the_answer_is_generated(server: RunningServer) -> None:
    body = chat("Tell me a story.", max_tokens=3500, stream=True, logit_bias=NO_END)
    with server.client() as client, client.stream("POST", PATH, json=body) as response:
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["cache-control"] == "no-cache, no-transform"
        lines = response.iter_lines()  # kept, since collecting it closes the stream
        next(line for line in lines if '"content"' in line)
        with server.client() as other:
            (sequence,) = other.get("/debug/engines").json()[MODEL]
    assert sequence["state"] == "decode"
    assert sequence["num_answer_tokens"] < 3500


@pytest.mark.spec("S16")
def test_a_stream_without_tokens_is_kept_alive_by_comments(server: RunningServer) -> None:
    (engine,) = server.engine_pids()
    os.kill(engine, signal.SIGSTOP)
    try:
        with (
            server.client() as client,
            client.stream("POST", PATH, json=chat(stream=True, max_tokens=2)) as response,
        ):
            lines = response.iter_lines()
            assert next(lines).startswith(":")
            os.kill(engine, signal.SIGCONT)
            events = [line for line in lines if line.startswith("data: ")]
    finally:
        os.kill(engine, signal.SIGCONT)
    assert len(events) > 2
    assert events[-1] == "data: [DONE]"


def test_wrong_requests_get_a_status_and_no_stream(client: httpx.Client) -> None:
    response = client.post(PATH, json=chat(stream=True, model="nobody/nothing"))
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"


def test_a_client_that_does_not_read_does_not_stall_others(server: RunningServer) -> None:
    body = json.dumps(
        chat("Tell me a story.", max_tokens=3000, stream=True, logit_bias=NO_END, n=4)
    ).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    address = server.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        silent.sendall(head.encode() + body)
        with server.client() as client:
            for _ in range(5):
                assert client.post(PATH, json=chat(max_tokens=20)).status_code == 200
