"""A stream equals the unary answer, however tokens cut the text and in any batches."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaver.api.chat.bodies import completion_body
from palaver.api.chat.route import begin_turn
from palaver.api.chat.stream import EventStream
from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.chat.turn import Turn
from palaver.generation.output import TokenFinish, TokenLogprobs, TokenOutput
from palaver.generation.request import GenerationRequest
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.models.formats import open_files
from palaver.testing import Pause, ScriptedBackend, Step, Token
from tests.chat.cutting import STOPS, CutTokenizer, cut_bytes
from tests.conformance.answers import Answer, assembled, events_in
from tests.scripted import completion_of, loaded


@dataclass(frozen=True)
class Arrivals:
    """The tokens of an answer's choices and the batches in which they arrive.

    Attributes:
        pieces: The text of each token; the last one is the stop token and has none.
        batches: The tokens that arrive together, choice by choice in order.
        num_choices: How many there are.
    """

    pieces: list[bytes]
    batches: list[list[TokenOutput]]
    num_choices: int


@st.composite
def arrivals(draw: st.DrawFn) -> Arrivals:
    """One to three answers, cut anywhere, arriving in any order and in batches of any size."""
    answers = draw(st.lists(cut_bytes(), min_size=1, max_size=3))
    pieces = [piece for answer in answers for piece in answer]
    ids = iter(range(len(pieces)))
    waiting = [
        list(_outputs(choice, [next(ids) for _ in answer], len(pieces), draw(st.booleans())))
        for choice, answer in enumerate(answers)
    ]
    batches: list[list[TokenOutput]] = [[]]
    while any(waiting):
        batches[-1].append(draw(st.sampled_from([tokens for tokens in waiting if tokens])).pop(0))
        if draw(st.booleans()):
            batches.append([])
    return Arrivals([*pieces, b""], batches, len(answers))


def _outputs(choice: int, token_ids: list[int], end: int, has_end: bool) -> Iterator[TokenOutput]:
    """The tokens as an engine reports them."""
    finish: TokenFinish = "stop" if has_end else "length"
    token_ids = [*token_ids, end] if has_end else token_ids
    for place, token_id in enumerate(token_ids, 1):
        is_last = place == len(token_ids)
        logprobs = TokenLogprobs(-token_id / 7, [(token_id, -token_id / 7), (end, -9.5)])
        yield TokenOutput(1, choice, token_id, finish if is_last else None, 4, logprobs)


@cache
def built_in() -> ChatModel:
    return open_files(BUILT_IN_FOLDER).chat_model()


def backend_of(given: Arrivals) -> ScriptedBackend:
    """A backend that generates exactly these tokens, in these batches."""

    def steps(_: GenerationRequest) -> Iterator[Step]:
        for batch in given.batches:
            for token in batch:
                yield Token(token.token_id, token.choice, token.finish, token.logprobs)
            yield Pause()

    return ScriptedBackend(steps, num_cached_tokens=4)


def chat_model_of(given: Arrivals) -> ChatModel:
    """The built-in model with these tokens, the last of which ends an answer."""
    tokenizer = CutTokenizer(built_in().tokenizer, given.pieces, strips_space=False)
    return replace(built_in(), tokenizer=tokenizer, stop_token_ids=(len(given.pieces) - 1,))


@pytest.mark.parametrize("is_long", [False, True])
def test_a_long_conversation_is_prepared_in_a_thread_of_its_own(
    is_long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    make = Turn.__init__

    def making(turn: Turn, request: ChatRequest, model: ChatModel) -> None:
        threads.append(threading.current_thread())
        make(turn, request, model)

    monkeypatch.setattr(Turn, "__init__", making)
    text = {"type": "text", "text": "a word or two " * (1000 if is_long else 10)}
    request = ChatRequest(messages=[{"role": "user", "content": [text]}])
    turn = asyncio.run(begin_turn(request, built_in()))
    assert len(turn.prepared.prompt) > (1000 if is_long else 10)
    assert [thread is threading.main_thread() for thread in threads] == [not is_long]


async def unary(given: Arrivals, request: ChatRequest) -> Any:
    """The whole answer."""
    async with (
        loaded(backend_of(given), chat_model_of(given)) as model,
        completion_of(model, request) as completion,
    ):
        return json.loads(msgspec.json.encode(await completion_body(completion)))


async def streamed(given: Arrivals, request: ChatRequest) -> Any:
    """The unary answer that the events of the stream add up to."""
    body: list[bytes] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        body.append(message.get("body", b""))

    async with loaded(backend_of(given), chat_model_of(given)) as model:
        response = EventStream(completion_of(model, request), has_usage=True, headers={})
        await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    return assembled(events_in(b"".join(body).decode()))


def comparable(body: Any) -> Any:
    """The answer without ids and times, which differ between requests."""
    return Answer(200, httpx.Headers(), body).comparable()


@pytest.mark.spec("S45")
@settings(max_examples=150)
@given(
    given=arrivals(),
    stop=st.lists(st.sampled_from(STOPS), max_size=4),
    enable_thinking=st.booleans(),
    separate_reasoning=st.booleans(),
    num_top_logprobs=st.sampled_from([None, 0, 2]),
)
def test_tokens_arriving_in_any_batches_give_the_same_stream_and_unary_answer(
    given: Arrivals,
    stop: list[str],
    enable_thinking: bool,
    separate_reasoning: bool,
    num_top_logprobs: int | None,
) -> None:
    request = ChatRequest(
        messages=[{"role": "user", "content": "Hi"}],
        num_choices=given.num_choices,
        stop=stop,
        enable_thinking=enable_thinking,
        separate_reasoning=separate_reasoning,
        num_top_logprobs=num_top_logprobs,
    )
    one_by_one = replace(given, batches=[[token] for batch in given.batches for token in batch])
    whole = comparable(asyncio.run(unary(given, request)))
    assert comparable(asyncio.run(streamed(given, request))) == whole
    assert comparable(asyncio.run(streamed(one_by_one, request))) == whole
    assert comparable(asyncio.run(unary(one_by_one, request))) == whole
