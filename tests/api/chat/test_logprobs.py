"""Log probabilities through the real server and the built-in model."""

from __future__ import annotations

import math
from typing import Any

import httpx
import pytest

from tests.server import NO_END, chat
from tests.sse import joined, stream_events

PATH = "/v1/chat/completions"
REQUESTS: list[dict[str, Any]] = [
    {"content": "Tell me a story.", "max_tokens": 40},
    {"content": "讲一个故事。", "max_tokens": 40},
    {"content": "Hi", "temperature": 2, "seed": 5, "max_tokens": 60, "logit_bias": NO_END},
    {"content": "What is 12 + 7?", "enable_thinking": True, "max_tokens": 80},
    {"content": "Tell me a story.", "stop": ["e", "o"], "max_tokens": 40},
]


def answer(client: httpx.Client, **fields: Any) -> Any:
    response = client.post(PATH, json=chat(**fields))
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]


@pytest.mark.spec("S29")
@pytest.mark.parametrize("fields", REQUESTS)
def test_bytes_reassemble_the_text_exactly(client: httpx.Client, fields: dict[str, Any]) -> None:
    choice = answer(client, logprobs=True, **fields)
    entries = choice["logprobs"]["content"]
    text = b"".join(bytes(entry["bytes"]) for entry in entries).decode(errors="replace")
    opening = "<think>\n" if fields.get("enable_thinking") else ""
    assert opening + text == choice["message"]["content"]
    assert all(entry["logprob"] <= 0 for entry in entries)
    assert all(entry["top_logprobs"] == [] for entry in entries)


@pytest.mark.spec("S29")
@pytest.mark.spec("S45")
@pytest.mark.parametrize("fields", REQUESTS)
def test_a_stream_has_the_same_entries(client: httpx.Client, fields: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {"logprobs": True, "top_logprobs": 3}
    unary = answer(client, **wanted, **fields)
    events = stream_events(client, chat(**wanted, **fields))
    entries = [
        entry
        for event in events
        for part in event["choices"]
        if part["logprobs"]
        for entry in part["logprobs"]["content"]
    ]
    assert entries == unary["logprobs"]["content"]
    assert joined(events) == unary["message"]["content"]


@pytest.mark.spec("S30")
def test_the_likeliest_tokens_come_first_and_the_greedy_one_leads(client: httpx.Client) -> None:
    choice = answer(client, logprobs=True, top_logprobs=20, max_tokens=8)
    for entry in choice["logprobs"]["content"]:
        top = entry["top_logprobs"]
        assert len(top) == 20
        assert top == sorted(top, key=lambda other: -other["logprob"])
        assert (top[0]["token"], top[0]["logprob"]) == (entry["token"], entry["logprob"])
        assert sum(math.exp(other["logprob"]) for other in top) <= 1 + 1e-6


@pytest.mark.spec("S29")
@pytest.mark.spec("S30")
def test_log_probabilities_depend_neither_on_sampling_parameters_nor_on_their_number(
    client: httpx.Client,
) -> None:
    plain = answer(client, logprobs=True, top_logprobs=2, max_tokens=1)["logprobs"]["content"][0]
    variations: list[dict[str, Any]] = [
        {"temperature": 2, "seed": 1, "top_k": 1},
        {"repetition_penalty": 2, "presence_penalty": 2, "top_p": 1e-9, "temperature": 1},
        {"logit_bias": {"300": 50}},
        {"top_logprobs": 20},
    ]
    for fields in variations:
        wanted: dict[str, Any] = {"logprobs": True, "top_logprobs": 2, "max_tokens": 1} | fields
        entry = answer(client, **wanted)["logprobs"]["content"][0]
        assert entry["top_logprobs"][:2] == plain["top_logprobs"]


def test_log_probabilities_are_absent_by_default(client: httpx.Client) -> None:
    assert answer(client)["logprobs"] is None
    assert answer(client, logprobs=False)["logprobs"] is None


@pytest.mark.spec("S29")
def test_each_choice_has_its_own_log_probabilities(client: httpx.Client) -> None:
    body = chat("Tell me a story.", n=3, temperature=1.5, seed=2, logprobs=True, max_tokens=6)
    for choice in client.post(PATH, json=body).json()["choices"]:
        text = b"".join(bytes(entry["bytes"]) for entry in choice["logprobs"]["content"])
        assert text.decode(errors="replace") == choice["message"]["content"]


@pytest.mark.spec("S29")
@pytest.mark.spec("S37")
def test_separate_thinking_changes_no_log_probability(client: httpx.Client) -> None:
    wanted: dict[str, Any] = {"content": "What is 12 + 7?", "enable_thinking": True}
    wanted |= {"max_tokens": 80, "logprobs": True, "top_logprobs": 2}
    together = answer(client, **wanted)
    apart = answer(client, separate_reasoning=True, **wanted)
    assert apart["message"]["reasoning_content"]
    assert apart["logprobs"] == together["logprobs"]
    events = stream_events(client, chat(separate_reasoning=True, **wanted))
    entries = [
        e
        for event in events
        for part in event["choices"]
        if part["logprobs"]
        for e in part["logprobs"]["content"]
    ]
    assert entries == together["logprobs"]["content"]
