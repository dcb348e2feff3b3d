"""Streams through OpenAI's Python client, and its asynchronous form."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionStreamOptionsParam

from tests.server import KEY, MODEL, NO_END, RunningServer, running_server

STORY: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Tell me a story."}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


@pytest.fixture(scope="module")
def openai_client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


@pytest.mark.spec("S16")
@pytest.mark.spec("S17")
@pytest.mark.spec("S45")
def test_chunks_add_up_to_the_unary_answer_and_its_usage(openai_client: openai.OpenAI) -> None:
    create = openai_client.chat.completions.create
    unary = create(model=MODEL, messages=STORY, temperature=0, max_completion_tokens=16)
    *chunks, last = create(
        model=MODEL,
        messages=STORY,
        temperature=0,
        max_completion_tokens=16,
        stream=True,
        stream_options={"include_usage": True},
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == unary.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason == unary.choices[0].finish_reason
    assert all(chunk.usage is None for chunk in chunks)
    assert last.choices == []
    assert last.usage is not None
    assert unary.usage is not None
    assert last.usage.total_tokens == unary.usage.total_tokens


@pytest.mark.spec("S16")
@pytest.mark.spec("S29")
@pytest.mark.spec("S42")
def test_the_streaming_helper_puts_the_answer_together(openai_client: openai.OpenAI) -> None:
    wanted: dict[str, Any] = {"model": MODEL, "messages": STORY, "temperature": 1.5, "seed": 4}
    wanted |= {"n": 2, "logprobs": True, "stop": ["e", "a", "i", "o"], "max_tokens": 100}
    options: ChatCompletionStreamOptionsParam = {"include_usage": True}
    with openai_client.chat.completions.stream(**wanted, stream_options=options) as stream:
        kinds = {event.type for event in stream}
        answer = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done", "logprobs.content.delta"} <= kinds
    unary = openai_client.chat.completions.create(**wanted)
    for streamed, whole in zip(answer.choices, unary.choices, strict=True):
        assert streamed.message.content == whole.message.content
        assert streamed.finish_reason == whole.finish_reason
        assert streamed.logprobs is not None
        assert streamed.logprobs.content == whole.logprobs.content
    assert answer.usage is not None
    assert answer.usage.completion_tokens == unary.usage.completion_tokens


@pytest.mark.spec("S37")
def test_separate_thinking_is_streamed(openai_client: openai.OpenAI) -> None:
    chunks = openai_client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "What is 12 + 7?"}],
        temperature=0,
        max_completion_tokens=12,
        stream=True,
        extra_body={"enable_thinking": True, "separate_reasoning": True},
    )
    deltas = [chunk.choices[0].delta.model_extra or {} for chunk in chunks]
    assert "".join(delta.get("reasoning_content", "") for delta in deltas)


@pytest.mark.spec("S50")
def test_a_stream_may_be_closed_before_its_end(openai_client: openai.OpenAI) -> None:
    with openai_client.chat.completions.create(
        model=MODEL, messages=STORY, max_completion_tokens=2000, stream=True
    ) as stream:
        assert next(iter(stream)).choices[0].delta.role == "assistant"
    again = openai_client.chat.completions.create(
        model=MODEL, messages=STORY, max_completion_tokens=3
    )
    assert again.choices


@pytest.mark.spec("S16")
def test_asynchronous_and_many_at_once(server: RunningServer) -> None:
    async def ask(client: openai.AsyncOpenAI, question: str) -> tuple[str, str]:
        messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": question}]
        create = client.chat.completions.create
        whole = await create(model=MODEL, messages=messages, temperature=0, max_tokens=12)
        stream = await create(
            model=MODEL, messages=messages, temperature=0, max_tokens=12, stream=True
        )
        parts = [chunk.choices[0].delta.content or "" async for chunk in stream]
        return whole.choices[0].message.content or "", "".join(parts)

    async def ask_all() -> list[tuple[str, str]]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY) as client:
            return await asyncio.gather(*(ask(client, f"What is {i} + {i}?") for i in range(8)))

    answers = asyncio.run(ask_all())
    assert all(whole == streamed != "" for whole, streamed in answers)


@pytest.mark.spec("S04")
def test_asynchronous_errors_become_the_clients_own_exceptions(server: RunningServer) -> None:
    async def ask() -> None:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY) as client:
            await client.chat.completions.create(model=MODEL, messages=STORY, n=500)

    with pytest.raises(openai.BadRequestError, match="128") as wrong:
        asyncio.run(ask())
    assert wrong.value.param == "n"


@pytest.mark.spec("S31")
@pytest.mark.spec("S45")
def test_streamed_calls_add_up_to_the_unary_ones(openai_client: openai.OpenAI) -> None:
    question: list[ChatCompletionMessageParam] = [
        {"role": "user", "content": "What is the weather in Rome and in Oslo?"}
    ]
    wanted: dict[str, Any] = {"model": MODEL, "messages": question, "tools": [WEATHER]}
    wanted |= {"temperature": 0, "max_completion_tokens": 120}
    unary = openai_client.chat.completions.create(**wanted).choices[0]
    with openai_client.chat.completions.stream(**wanted) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion().choices[0]
    assert kinds.count("tool_calls.function.arguments.done") == 2
    assert kinds.count("tool_calls.function.arguments.delta") > 4
    assert final.finish_reason == unary.finish_reason == "tool_calls"
    told = [
        [(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ()]
        for message in (unary.message, final.message)
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 2


@pytest.mark.spec("S31")
def test_calls_stream_to_the_asynchronous_client(server: RunningServer) -> None:
    async def ask() -> str:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY) as client:
            stream = await client.chat.completions.create(
                model=MODEL,
                messages=[{"role": "user", "content": "What is the weather in Rome?"}],
                tools=[WEATHER],
                tool_choice="required",
                temperature=0,
                stream=True,
            )
            deltas = [c.choices[0].delta.tool_calls or [] async for c in stream]
        pieces = [call.function for calls in deltas for call in calls if call.function]
        assert pieces[0].name == "get_weather"
        return "".join(piece.arguments or "" for piece in pieces)

    assert asyncio.run(ask()) == '{"city": "Rome"}'


@pytest.mark.spec("S16")
@pytest.mark.spec("S04")
def test_a_failure_within_a_stream_becomes_the_clients_own_exception(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0)
        stream = client.chat.completions.create(
            model=MODEL,
            messages=STORY,
            max_tokens=3000,
            logit_bias={token: int(bias) for token, bias in NO_END.items()},
            stream=True,
        )
        assert next(stream).choices
        (engine,) = server.engine_pids()
        os.kill(engine, signal.SIGKILL)
        with pytest.raises(openai.APIError) as failure:
            list(stream)
        assert failure.value.code == "model_not_available"
        assert "cannot answer now" in failure.value.message
