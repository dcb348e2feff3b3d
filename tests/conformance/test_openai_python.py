"""OpenAI's own Python client, unchanged but for its base URL and key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from pydantic import BaseModel, Field

from tests.server import KEY, MODEL, NO_END, RunningServer

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello!"}]
STORY: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Tell me a story."}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the current weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
BIAS = {token: int(bias) for token, bias in NO_END.items()}


@pytest.fixture(scope="module")
def openai_client(server: RunningServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, **fields: Any) -> ChatCompletion:
    wanted: dict[str, Any] = {"messages": STORY, "temperature": 0, "max_completion_tokens": 12}
    answer = client.chat.completions.create(model=MODEL, **wanted | fields)
    assert isinstance(answer, ChatCompletion)
    return answer


@pytest.mark.spec("S01")
@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/v3/openai", "/openai"])
def test_only_the_base_url_changes(server: RunningServer, prefix: str) -> None:
    with openai.OpenAI(base_url=f"{server.url}{prefix}", api_key=KEY) as client:
        assert ask(client, messages=HELLO).choices[0].message.content


@pytest.mark.spec("S41")
@pytest.mark.spec("S42")
def test_an_answer_has_the_fields_that_the_client_declares(openai_client: openai.OpenAI) -> None:
    answer = ask(openai_client, messages=HELLO, seed=1, top_p=0.9, user="ada")
    assert answer.id.startswith("chatcmpl-")
    assert answer.object == "chat.completion"
    assert answer.model == MODEL
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content
    assert answer.choices[0].message.tool_calls is None
    assert not answer.model_extra


@pytest.mark.spec("S44")
def test_usage_has_its_details(openai_client: openai.OpenAI) -> None:
    usage = ask(openai_client, n=3, max_completion_tokens=5, logit_bias=BIAS).usage
    assert usage is not None
    assert usage.completion_tokens == 15
    assert usage.total_tokens == usage.prompt_tokens + 15
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens is not None
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 0


@pytest.mark.spec("S12")
@pytest.mark.spec("S40")
def test_an_answer_can_be_sent_back_as_it_came(openai_client: openai.OpenAI) -> None:
    first = ask(openai_client, messages=HELLO).choices[0].message
    history: list[Any] = [*HELLO, first, {"role": "user", "content": "And who are you?"}]
    raw = openai_client.chat.completions.with_raw_response.create(
        model=MODEL, messages=history, max_completion_tokens=5
    )
    assert "x-ignored-fields" not in raw.headers
    dumped: list[Any] = [*HELLO, first.model_dump(), history[-1]]
    assert ask(openai_client, messages=dumped) is not None


@pytest.mark.spec("S18")
def test_many_choices(openai_client: openai.OpenAI) -> None:
    answer = ask(openai_client, n=4, temperature=2, seed=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert len({choice.message.content for choice in answer.choices}) == 4


@pytest.mark.spec("S23")
@pytest.mark.spec("S43")
def test_a_stop_string_is_the_end_of_the_text(openai_client: openai.OpenAI) -> None:
    whole = ask(openai_client, max_completion_tokens=30).choices[0].message.content
    assert whole
    stop = whole[7:9]
    choice = ask(openai_client, max_completion_tokens=30, stop=["@@", stop]).choices[0]
    assert choice.message.content == whole[: whole.index(stop) + 2]
    assert choice.finish_reason == "stop"


@pytest.mark.spec("S29")
@pytest.mark.spec("S30")
def test_log_probabilities_of_each_token(openai_client: openai.OpenAI) -> None:
    choice = ask(openai_client, logprobs=True, top_logprobs=4).choices[0]
    assert choice.logprobs is not None
    entries = choice.logprobs.content
    assert entries
    text = b"".join(bytes(entry.bytes or []) for entry in entries).decode(errors="replace")
    assert text == choice.message.content
    assert all(entry.logprob <= 0 for entry in entries)
    assert all(len(entry.top_logprobs) == 4 for entry in entries)
    assert all(entry.top_logprobs[0].token == entry.token for entry in entries)


@pytest.mark.spec("S37")
@pytest.mark.spec("S38")
def test_extra_body_enables_separate_thinking(openai_client: openai.OpenAI) -> None:
    wanted = {"enable_thinking": True, "separate_reasoning": True}
    apart = ask(openai_client, extra_body=wanted).choices[0].message
    inside = ask(openai_client, extra_body={"enable_thinking": True}).choices[0].message
    reasoning = (apart.model_extra or {})["reasoning_content"]
    assert reasoning
    assert inside.content
    assert inside.content.startswith("<think>\n" + reasoning)
    assert "reasoning_content" not in (inside.model_extra or {})


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"top_k": 1}, marks=pytest.mark.spec("S26")),
        pytest.param({"min_p": 1}, marks=pytest.mark.spec("S27")),
    ],
)
def test_extra_body_filters_tokens(openai_client: openai.OpenAI, fields: dict[str, float]) -> None:
    greedy = ask(openai_client).choices[0].message.content
    filtered = ask(openai_client, temperature=2, extra_body=fields).choices[0].message.content
    assert filtered == greedy


@pytest.mark.spec("S22")
def test_extra_body_penalises_repetition(openai_client: openai.OpenAI) -> None:
    bias = {str(token): 100 for token in range(96, 104)}
    answer = ask(
        openai_client,
        max_completion_tokens=8,
        logit_bias=bias,
        logprobs=True,
        extra_body={"repetition_penalty": 2},
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content
    assert len({tuple(entry.bytes or []) for entry in logprobs.content}) == 8


@pytest.mark.spec("S40")
def test_raw_responses_show_the_headers(openai_client: openai.OpenAI) -> None:
    raw = openai_client.chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, max_completion_tokens=3, extra_body={"frobnicate": 1}
    )
    assert raw.headers["x-ignored-fields"] == "frobnicate"
    assert raw.parse().choices[0].message.content


class Friend(BaseModel):
    """Somebody whom a person likes."""

    name: str = Field(max_length=30)


class Person(BaseModel):
    """A person, as clients describe what they want."""

    name: str = Field(max_length=30)
    age: int = Field(ge=0, le=130)
    colour: Literal["red", "green", "blue"] | None
    friends: list[Friend] = Field(max_length=2)


ADA: list[ChatCompletionMessageParam] = [
    {"role": "user", "content": "My name is Ada, I am 36 years old and I like red."}
]


@pytest.mark.spec("S35")
@pytest.mark.parametrize("temperature", [0, 1.5])
def test_an_answer_is_parsed_as_the_class_that_was_asked_for(
    openai_client: openai.OpenAI, temperature: float
) -> None:
    answer = openai_client.chat.completions.parse(
        model=MODEL, messages=ADA, response_format=Person, temperature=temperature, seed=2
    )
    assert answer.choices[0].finish_reason == "stop"
    assert isinstance(answer.choices[0].message.parsed, Person)


@pytest.mark.spec("S35")
@pytest.mark.spec("S45")
def test_a_stream_is_parsed_as_the_class_that_was_asked_for(openai_client: openai.OpenAI) -> None:
    with openai_client.chat.completions.stream(
        model=MODEL, messages=ADA, response_format=Person, temperature=0
    ) as stream:
        streamed = stream.get_final_completion().choices[0].message.parsed
    whole = openai_client.chat.completions.parse(
        model=MODEL, messages=ADA, response_format=Person, temperature=0
    )
    assert streamed is not None
    assert streamed == whole.choices[0].message.parsed


@pytest.mark.spec("S34")
def test_json_object_answers_are_json_objects(openai_client: openai.OpenAI) -> None:
    wanted: dict[str, Any] = {"response_format": {"type": "json_object"}}
    said = f"Extract name, age and colour as JSON: {ADA[0].get('content')}"
    messages = [{"role": "user", "content": said}]
    answer = ask(openai_client, messages=messages, max_completion_tokens=300, **wanted)
    assert isinstance(json.loads(answer.choices[0].message.content or ""), dict)


@pytest.mark.spec("S36")
def test_a_schema_that_cannot_be_enforced_is_a_bad_request(openai_client: openai.OpenAI) -> None:
    schema = {"type": "array", "uniqueItems": True}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    with pytest.raises(openai.BadRequestError, match="uniqueItems") as refused:
        ask(openai_client, response_format=wanted)
    assert refused.value.param == "response_format.json_schema.schema.uniqueItems"


@pytest.mark.spec("S46")
def test_models_are_listed(openai_client: openai.OpenAI) -> None:
    assert [model.id for model in openai_client.models.list()] == [MODEL]
    assert openai_client.models.retrieve(MODEL).owned_by == "palaver"


@pytest.mark.spec("S04")
@pytest.mark.spec("S05")
@pytest.mark.spec("S39")
def test_errors_become_the_clients_own_exceptions(openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="nobody/nothing") as unknown:
        openai_client.chat.completions.create(model="nobody/nothing", messages=HELLO)
    assert unknown.value.param == "model"
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="temperature") as wrong:
        ask(openai_client, temperature=5)
    assert wrong.value.param == "temperature"
    assert wrong.value.type == "invalid_request_error"
    with pytest.raises(openai.BadRequestError, match="top_k"):
        ask(openai_client, stream=True, extra_body={"top_k": 1000})


@pytest.mark.spec("S03")
def test_a_wrong_key_is_an_authentication_error(openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError):
        openai_client.with_options(api_key="wrong").models.list()


@pytest.mark.spec("S31")
@pytest.mark.spec("S32")
def test_a_tool_is_called_and_its_result_answered(openai_client: openai.OpenAI) -> None:
    question: list[Any] = [{"role": "user", "content": "What is the weather in Rome?"}]
    wanted: dict[str, Any] = {"tools": [WEATHER], "max_completion_tokens": 100}
    first = ask(openai_client, messages=question, **wanted).choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.tool_calls
    (call,) = first.message.tool_calls
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Rome"}')
    result = {"role": "tool", "tool_call_id": call.id, "content": "It is sunny."}
    history = [*question, first.message.model_dump(exclude_none=True), result]
    assert "sunny" in (
        ask(openai_client, messages=history, **wanted).choices[0].message.content or ""
    )


@pytest.mark.spec("S31")
@pytest.mark.spec("S32")
def test_the_client_s_own_parser_reads_strict_arguments(openai_client: openai.OpenAI) -> None:
    class GetWeather(BaseModel):
        """Get the current weather of a city."""

        city: str

    answer = openai_client.chat.completions.parse(
        model=MODEL,
        messages=[{"role": "user", "content": "What is the weather in Rome?"}],
        tools=[openai.pydantic_function_tool(GetWeather)],
        tool_choice="required",
        temperature=0,
        max_completion_tokens=100,
    )
    calls = answer.choices[0].message.tool_calls
    assert calls
    assert calls[0].function.parsed_arguments == GetWeather(city="Rome")
