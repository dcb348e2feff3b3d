"""The scripted backend generates its script, and nothing that a model could not have generated."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from palaver.api.chat.bodies import completion_body
from palaver.chat.request import ChatRequest
from palaver.chat.tools.tool import Tool
from palaver.errors import InternalError, ModelNotAvailable, RequestError
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams, Script
from palaver.testing import End, Fail, Hold, Pause, Say, ScriptedBackend, Step, Token
from tests.scripted import HI, completion_of, loaded, scripted

WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'


def answer(*steps: Step, request: ChatRequest = HI, backend: ScriptedBackend | None = None) -> Any:
    """The whole answer of a completion over a script."""

    async def run() -> Any:
        async with (
            asyncio.timeout(30),
            loaded(backend or scripted(*steps)) as model,
            completion_of(model, request) as completion,
        ):
            return await completion_body(completion)

    return asyncio.run(run())


def test_say_gives_a_text_and_a_stop() -> None:
    body = answer(Say("Hello you"))
    assert body.choices[0].message.content == "Hello you"
    assert body.choices[0].finish_reason == "stop"
    assert body.usage.completion_tokens > 1


def test_thinking_and_calls_are_written_in_the_models_own_markup() -> None:
    request = ChatRequest(
        messages=HI.messages, tools=[WEATHER], enable_thinking=True, separate_reasoning=True
    )
    (choice,) = answer(Say(f"Hm.\n</think>\n\n{CALL}"), request=request).choices
    assert choice.message.reasoning_content.strip() == "Hm."
    (call,) = choice.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Rome"}')
    assert choice.finish_reason == "tool_calls"


def test_steps_of_choices_may_come_in_any_order() -> None:
    request = ChatRequest(messages=HI.messages, num_choices=2)
    steps = (Say("b", 1), Say("a", 0), End(1), Say("more", 1), Say("!", 0))
    found = [choice.message.content for choice in answer(*steps, request=request).choices]
    assert found == ["a!", "b"]


def test_max_tokens_and_stop_strings_end_a_script() -> None:
    cut = ChatRequest(messages=HI.messages, max_tokens=1)
    assert answer(Say("Hello you and me"), request=cut).choices[0].finish_reason == "length"
    stopped = ChatRequest(messages=HI.messages, stop=["you"])
    assert (
        answer(Say("Hello you and me"), request=stopped).choices[0].message.content == "Hello you"
    )


def test_tokens_that_the_grammar_forbids_are_an_error() -> None:
    schema = {"type": "integer"}
    request = ChatRequest(messages=HI.messages, answer_schema=schema)
    assert answer(Say("42"), request=request).choices[0].message.content == "42"
    with pytest.raises(InternalError, match="grammar forbids"):
        answer(Say("forty-two"), request=request)


def test_a_failure_comes_after_the_tokens_before_it() -> None:
    with pytest.raises(ModelNotAvailable, match="gone"):
        answer(Say("Hello"), Fail(ModelNotAvailable("gone")))


def test_a_hold_waits_until_it_is_released() -> None:
    async def run() -> str:
        backend = scripted(Say("Hello "), Hold("greeting"), Say("world"))
        async with loaded(backend) as model, completion_of(model) as completion:
            deltas = completion.deltas()
            text = ""
            while text != "Hello ":
                text += "".join(delta.content for delta in await anext(deltas))
            waiting = asyncio.ensure_future(anext(deltas))
            for _ in range(10):
                await asyncio.sleep(0)
            assert not waiting.done()
            backend.release("greeting")
            text += "".join(delta.content for delta in await waiting)
            async for more in deltas:
                text += "".join(delta.content for delta in more)
            return text

    assert asyncio.run(run()) == "Hello world"


def test_late_usage_is_in_the_answer() -> None:
    backend = ScriptedBackend(
        lambda request: [Token(300), Pause(0.01)], num_cached_tokens=3, is_usage_late=True
    )
    assert answer(backend=backend).usage.prompt_tokens_details.cached_tokens == 3


def test_usage_is_final_although_the_cancelled_script_waits() -> None:
    async def run() -> int:
        backend = ScriptedBackend(
            [Token(300), Hold("never")], num_cached_tokens=3, is_usage_late=True
        )
        await backend.start()
        params = SamplingParams(max_tokens=9, seed=0, stop_token_ids=(2,))
        generation = backend.generate(GenerationRequest(1, Prompt([1]), params))
        await generation.next_tokens()
        for _ in range(3):  # the script comes to its hold
            await asyncio.sleep(0)
        generation.cancel(0)
        await generation.settled()
        generation.close()
        return generation.num_cached_tokens

    assert asyncio.run(run()) == 3


def test_a_request_may_bring_a_script_of_its_own() -> None:
    async def run() -> list[list[int]]:
        backend = ScriptedBackend([Token(9)])
        await backend.start()
        params = SamplingParams(max_tokens=9, seed=0, stop_token_ids=(2,))
        script = Script(((5, 6, 7), (8,)))
        request = GenerationRequest(1, Prompt([1]), params, 3, script=script)
        generation = backend.generate(request)
        said: list[list[int]] = [[], [], []]
        while tokens := await generation.next_tokens():
            for token in tokens:
                said[token.choice].append(token.token_id)
        generation.close()
        return said

    assert asyncio.run(run()) == [[5, 6, 7, 2], [8, 2], [5, 6, 7, 2]]


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        (ScriptedBackend([Say("text")]), "tokenizer"),
        (ScriptedBackend([Token(100)], vocab_size=100), "token 100 is not in the vocabulary"),
        (ScriptedBackend([Token(-1)]), "token -1 is not in the vocabulary"),
        (ScriptedBackend(["Hello"]), "'Hello' is no step"),  # type: ignore[list-item]
        (ScriptedBackend(lambda request: 1 / 0), "ZeroDivisionError"),  # type: ignore[arg-type,return-value]
    ],
)
def test_a_mistake_in_a_script_is_an_error(backend: ScriptedBackend, message: str) -> None:
    with pytest.raises((RequestError, ZeroDivisionError), match=f"{message}|division"):
        answer(backend=backend)


def test_requests_are_recorded() -> None:
    backend = scripted(Say("Hi"))
    answer(backend=backend, request=ChatRequest(messages=HI.messages, account="key-1"))
    (request,) = backend.requests
    assert request.account == "key-1"
    assert len(request.prompt) > 1
