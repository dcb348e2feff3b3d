"""Unary answers through the real server and the built-in model."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.server import MODEL, chat

PATH = "/v1/chat/completions"


def ask(client: httpx.Client, content: str = "Hello! Who are you?", **fields: Any) -> Any:
    response = client.post(PATH, json=chat(content, **fields))
    assert response.status_code == 200, response.text
    return response.json()


def text_of(body: Any, choice: int = 0) -> str:
    text: str = body["choices"][choice]["message"]["content"]
    return text


@pytest.mark.spec("S01")
@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/v3/openai", "/openai"])
def test_all_four_path_prefixes_answer_alike(client: httpx.Client, prefix: str) -> None:
    response = client.post(f"{prefix}/chat/completions", json=chat())
    assert response.status_code == 200
    assert text_of(response.json()) == text_of(ask(client))


@pytest.mark.spec("S41")
@pytest.mark.spec("S42")
def test_an_answer_has_every_field(client: httpx.Client) -> None:
    body = ask(client)
    assert body["id"].startswith("chatcmpl-")
    assert body["object"] == "chat.completion"
    assert body["model"] == MODEL
    assert body["created"] > 1_700_000_000
    (choice,) = body["choices"]
    assert choice["index"] == 0
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    assert choice["finish_reason"] in ("stop", "length")
    assert ask(client)["id"] != body["id"]


def test_the_built_in_model_says_who_it_is(client: httpx.Client) -> None:
    assert "palaver" in text_of(ask(client, "Who are you?", max_tokens=60))
    assert "palaver" in text_of(ask(client, "你是谁？", max_tokens=60))


@pytest.mark.spec("S07")
def test_content_may_be_a_string_or_text_parts_in_every_role(client: httpx.Client) -> None:
    def messages(content: Any) -> list[dict[str, Any]]:
        return [
            {"role": "system", "content": content("You are called Bo.")},
            {"role": "user", "content": content("Hi!")},
            {"role": "assistant", "content": content("Hello, I am Bo.")},
            {"role": "user", "content": content("What is your name?")},
        ]

    plain = ask(client, messages=messages(lambda text: text))
    parts = ask(
        client,
        messages=messages(
            lambda t: [{"type": "text", "text": t[:3]}, {"type": "text", "text": t[3:]}]
        ),
    )
    assert text_of(plain) == text_of(parts)
    assert plain["usage"]["prompt_tokens"] == parts["usage"]["prompt_tokens"]
    assert "Bo" in text_of(plain)


@pytest.mark.spec("S12")
def test_all_roles_are_accepted_and_developer_is_system(client: httpx.Client) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    history = [
        {"role": "user", "content": "Use f."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "7"},
    ]
    system = {"role": "system", "content": "You are called Bo."}
    as_system = ask(client, messages=[system, *history])
    as_developer = ask(client, messages=[system | {"role": "developer"}, *history])
    assert text_of(as_system) == text_of(as_developer)


@pytest.mark.spec("S14")
@pytest.mark.spec("S43")
def test_max_tokens_ends_an_answer_with_length(client: httpx.Client) -> None:
    for field in ("max_tokens", "max_completion_tokens"):
        body = ask(client, "Tell me a story.", **{"max_tokens": None, field: 5})
        assert body["usage"]["completion_tokens"] == 5
        assert body["choices"][0]["finish_reason"] == "length"


@pytest.mark.spec("S14")
def test_without_max_tokens_an_answer_ends_by_itself(client: httpx.Client) -> None:
    body = ask(client, "Hello!", max_tokens=None)
    assert body["choices"][0]["finish_reason"] == "stop"
    assert "<|im_end|>" not in text_of(body)


@pytest.mark.spec("S19")
def test_a_seed_gives_the_same_answer_beside_any_other_requests(client: httpx.Client) -> None:
    def seeded(seed: int) -> str:
        fields: dict[str, Any] = {"temperature": 1.8, "seed": seed, "max_tokens": 24}
        return text_of(ask(client, "Tell me a story.", **fields))

    alone = [seeded(seed) for seed in range(4)]
    with ThreadPoolExecutor(16) as pool:
        crowd = [pool.submit(seeded, seed % 4) for seed in range(32)]
    assert [future.result() for future in crowd] == alone * 8
    assert len(set(alone)) == 4


def test_without_a_seed_answers_differ(client: httpx.Client) -> None:
    answers = {
        text_of(ask(client, "Tell me a story.", temperature=2, max_tokens=16)) for _ in range(4)
    }
    assert len(answers) > 1


@pytest.mark.spec("S24")
def test_temperature_zero_is_greedy_whatever_the_seed(client: httpx.Client) -> None:
    assert len({text_of(ask(client, seed=seed)) for seed in range(4)}) == 1


@pytest.mark.spec("S25")
@pytest.mark.parametrize("fields", [{"top_p": 1e-9}, {"top_k": 1}, {"min_p": 1}])
def test_sampling_filters_that_leave_one_token_are_greedy(
    client: httpx.Client, fields: dict[str, Any]
) -> None:
    assert text_of(ask(client, temperature=2, **fields)) == text_of(ask(client))


@pytest.mark.spec("S23")
def test_the_text_includes_the_stop_string_and_nothing_after_it(client: httpx.Client) -> None:
    whole = text_of(ask(client, "Tell me a story.", max_tokens=60))
    for begin, length in ((4, 3), (11, 1), (20, 8)):
        stop = whole[begin : begin + length]
        body = ask(client, "Tell me a story.", max_tokens=60, stop=["@@", stop])
        assert text_of(body) == whole[: whole.index(stop) + length]
        assert body["choices"][0]["finish_reason"] == "stop"
        assert body["usage"]["completion_tokens"] < 60


@pytest.mark.spec("S18")
def test_choices_differ_are_seeded_one_by_one_and_share_the_prompt(client: httpx.Client) -> None:
    fields: dict[str, Any] = {"temperature": 1.5, "seed": 7, "max_tokens": 12}
    five = ask(client, "Tell me a story.", n=5, **fields)
    two = ask(client, "Tell me a story.", n=2, **fields)
    one = ask(client, "Tell me a story.", **fields)
    assert [choice["index"] for choice in five["choices"]] == list(range(5))
    assert [text_of(five, i) for i in range(2)] == [text_of(two, i) for i in range(2)]
    assert text_of(five) == text_of(one)
    assert len({text_of(five, i) for i in range(5)}) == 5
    assert five["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]


@pytest.mark.spec("S28")
def test_logit_bias_forces_and_forbids(client: httpx.Client) -> None:
    from palaver.chat.tokenizer import Tokenizer
    from palaver.models.catalogue import BUILT_IN_FOLDER

    tokenizer = Tokenizer((BUILT_IN_FOLDER / "tokenizer.json").read_text())
    (forced,) = tokenizer.encode("user")
    body = ask(client, max_tokens=3, logit_bias={str(forced): 100})
    assert text_of(body) == "useruseruser"
    first = tokenizer.encode(text_of(ask(client)))[0]
    forbidden = text_of(ask(client, logit_bias={str(first): -100}))
    assert tokenizer.encode(forbidden)[0] != first


@pytest.mark.spec("S44")
def test_usage_adds_up_and_counts_all_choices(client: httpx.Client) -> None:
    usage = ask(client, "Tell me a story.", n=3, max_tokens=7, temperature=1, seed=1)["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["completion_tokens"] == 21


@pytest.mark.spec("S44")
def test_a_repeated_prompt_is_found_in_the_cache_and_changes_nothing(client: httpx.Client) -> None:
    prompt = "Remember these words: " + "river stone bird cloud " * 30
    first, second = (ask(client, prompt) for _ in range(2))
    assert text_of(first) == text_of(second)
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] >= 64


@pytest.mark.spec("S37")
@pytest.mark.spec("S38")
def test_thinking_is_off_by_default_and_separate_on_request(
    client: httpx.Client,
) -> None:
    fields: dict[str, Any] = {"max_tokens": 200}
    off = ask(client, "What is 12 + 7?", **fields)
    inside = ask(client, "What is 12 + 7?", enable_thinking=True, **fields)
    apart = ask(client, "What is 12 + 7?", enable_thinking=True, separate_reasoning=True, **fields)
    assert "<think>" not in text_of(off)
    assert "reasoning_content" not in off["choices"][0]["message"]
    assert off["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0
    assert text_of(inside).startswith("<think>\n")
    message = apart["choices"][0]["message"]
    assert message["reasoning_content"]
    assert message["reasoning_content"] in text_of(inside)
    assert text_of(inside).endswith(message["content"])
    assert "think>" not in message["content"]
    assert apart["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
    assert apart["usage"] == inside["usage"] | {
        "prompt_tokens_details": apart["usage"]["prompt_tokens_details"]
    }


def test_many_concurrent_requests_get_each_its_own_answer(client: httpx.Client) -> None:
    names = ["Ana", "Tom", "Eva", "Max", "Lea", "Ben", "Mia", "Jan"]

    def named(name: str) -> str:
        history = [{"role": "system", "content": f"You are called {name}."}]
        question = {"role": "user", "content": "What is your name?"}
        return text_of(ask(client, messages=[*history, question]))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(named, names))
    assert answers == [named(name) for name in names]
    assert sum(name in answer for name, answer in zip(names, answers, strict=True)) >= 6
