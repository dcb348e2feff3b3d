"""LangChain's client for servers of OpenAI's API."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field, SecretStr

from tests.server import KEY, MODEL, RunningServer

QUESTION = [SystemMessage("You are called Bo."), HumanMessage("What is your name?")]


def model(server: RunningServer, **fields: Any) -> ChatOpenAI:
    wanted: dict[str, Any] = {"temperature": 0, "max_completion_tokens": 12, "max_retries": 0}
    return ChatOpenAI(
        model=MODEL, base_url=f"{server.url}/v1", api_key=SecretStr(KEY), **wanted | fields
    )


@pytest.mark.spec("S07")
@pytest.mark.spec("S12")
@pytest.mark.spec("S44")
def test_invoke(server: RunningServer) -> None:
    answer = model(server).invoke(QUESTION)
    assert isinstance(answer, AIMessage)
    assert answer.text
    assert answer.response_metadata["model_name"] == MODEL
    usage = answer.usage_metadata
    assert usage is not None
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert model(server).invoke([*QUESTION, answer, HumanMessage("Thank you!")]).text


@pytest.mark.spec("S16")
@pytest.mark.spec("S17")
@pytest.mark.spec("S45")
def test_stream(server: RunningServer) -> None:
    whole = model(server).invoke(QUESTION)
    chunks = list(model(server, stream_usage=True).stream(QUESTION))
    assert "".join(chunk.text for chunk in chunks) == whole.text
    (usage,) = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert whole.usage_metadata is not None
    assert usage["output_tokens"] == whole.usage_metadata["output_tokens"]
    reasons = [chunk.response_metadata.get("finish_reason") for chunk in chunks]
    assert [reason for reason in reasons if reason] == [whole.response_metadata["finish_reason"]]


@pytest.mark.spec("S19")
def test_batch(server: RunningServer) -> None:
    questions = [f"What is {i} + {i}?" for i in range(8)]
    together = [answer.text for answer in model(server).batch(list(questions))]
    assert together == [model(server).invoke(question).text for question in questions]


@tool
def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return f"It is sunny in {city}."


@tool
def get_time(city: str) -> str:
    """The time in a city."""
    return f"It is noon in {city}."


@pytest.mark.spec("S31")
@pytest.mark.spec("S33")
@pytest.mark.spec("S45")
def test_tools_are_called_whole_and_streamed(server: RunningServer) -> None:
    bound = model(server, max_completion_tokens=100).bind_tools([get_weather, get_time])
    question = [HumanMessage("What is the weather in Rome?")]
    answer = bound.invoke(question)
    (call,) = answer.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Rome"})
    streamed = list(bound.stream(question))
    assert len(streamed) > 3
    together = sum(streamed[1:], streamed[0])
    assert isinstance(together, AIMessageChunk)
    assert together.tool_calls == answer.tool_calls
    result = get_weather.invoke(call)
    last = bound.invoke([*question, answer, result])
    assert "sunny" in last.text
    must = model(server, max_completion_tokens=100).bind_tools(
        [get_weather, get_time], tool_choice="get_time", strict=True
    )
    (call,) = must.invoke("Hello!").tool_calls
    assert call["name"] == "get_time"


@pytest.mark.spec("S29")
@pytest.mark.spec("S30")
def test_logprobs(server: RunningServer) -> None:
    answer = model(server, logprobs=True, top_logprobs=3).invoke(QUESTION)
    entries = answer.response_metadata["logprobs"]["content"]
    text = b"".join(bytes(entry["bytes"]) for entry in entries).decode(errors="replace")
    assert text == answer.text
    assert all(len(entry["top_logprobs"]) == 3 for entry in entries)


@pytest.mark.spec("S19")
@pytest.mark.spec("S23")
def test_seed_and_stop(server: RunningServer) -> None:
    wanted: dict[str, Any] = {"temperature": 1.5, "seed": 3, "max_completion_tokens": 100}
    bound = model(server, **wanted).bind(stop=["e", "a", "i", "o"])
    first, second = (bound.invoke("Tell me a story.") for _ in range(2))
    assert first.text == second.text
    assert first.text[-1] in "eaio"
    assert first.response_metadata["finish_reason"] == "stop"


class Person(BaseModel):
    """A person."""

    name: str = Field(description="What the person is called.")
    age: int


@pytest.mark.spec("S35")
def test_structured_output(server: RunningServer) -> None:
    chain = model(server, max_completion_tokens=300).with_structured_output(
        Person, method="json_schema"
    )
    answer = chain.invoke("My name is Ada and I am 36 years old.")
    assert answer == Person(name="Ada", age=36)


@pytest.mark.spec("S34")
def test_json_mode(server: RunningServer) -> None:
    chain = model(server, max_completion_tokens=300).with_structured_output(
        None, method="json_mode"
    )
    assert isinstance(chain.invoke("My name is Ada and I am 36 years old."), dict)


@pytest.mark.spec("S04")
def test_errors_are_openai_s_own(server: RunningServer) -> None:
    with pytest.raises(openai.BadRequestError, match="at most 2"):
        model(server, temperature=7).invoke("Hi")
    with pytest.raises(openai.NotFoundError, match="nobody/nothing"):
        model(server).bind(model="nobody/nothing").invoke("Hi")
