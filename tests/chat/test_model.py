from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.chat.template import ChatTemplate
from palaver.errors import InvalidRequest

WINDOW_TOKENS = 100
MARKS = len("[user][assistant]")


def request(content: str = "ab", role: str = "user", **options: Any) -> ChatRequest:
    return ChatRequest(messages=[{"role": role, "content": content}], **options)


def test_a_conversation_becomes_the_tokens_of_its_rendered_text(byte_model: ChatModel) -> None:
    rendered = byte_model.render(request("hello ü"))
    ids = byte_model.tokenizer.encode("[user]hello ü[assistant]")
    assert rendered.prompt.token_ids == ids
    assert rendered.reasoning_opening == ""


def test_thinking_opened_by_the_template_is_reported(byte_model: ChatModel) -> None:
    prompt = byte_model.render(request(enable_thinking=True))
    assert prompt.reasoning_opening == "<think>\n"


def test_an_empty_prompt_is_refused(byte_model: ChatModel) -> None:
    silent = replace(byte_model, template=ChatTemplate("", {}))
    with pytest.raises(InvalidRequest) as refusal:
        silent.render(request())
    assert refusal.value.param == "messages"


def test_a_conversation_that_the_template_refuses_is_refused(byte_model: ChatModel) -> None:
    with pytest.raises(InvalidRequest, match="no critics"):
        byte_model.render(request(role="critic"))


def test_a_prompt_that_leaves_one_token_fits(byte_model: ChatModel) -> None:
    rendered = byte_model.render(request("x" * (WINDOW_TOKENS - MARKS - 1)))
    assert len(rendered.prompt) == WINDOW_TOKENS - 1


@pytest.mark.parametrize("behavior", ["truncate", "error"])
@pytest.mark.parametrize("num_more", [0, 1, 200])
def test_a_prompt_that_fills_the_window_is_refused_with_both_lengths(
    byte_model: ChatModel, behavior: Any, num_more: int
) -> None:
    content = "x" * (WINDOW_TOKENS - MARKS + num_more)
    with pytest.raises(InvalidRequest) as refusal:
        byte_model.render(request(content, context_length_exceeded_behavior=behavior))
    assert refusal.value.param == "messages"
    assert f"{WINDOW_TOKENS + num_more} tokens" in refusal.value.message
    assert f"{WINDOW_TOKENS} tokens" in refusal.value.message


@pytest.mark.parametrize(("max_tokens", "expected"), [(None, 40), (1, 1), (40, 40), (41, 40)])
def test_an_answer_is_cut_to_what_is_left_of_the_window(
    byte_model: ChatModel, max_tokens: int | None, expected: int
) -> None:
    assert byte_model.answer_length(request(max_tokens=max_tokens), 60) == expected


@pytest.mark.parametrize(("max_tokens", "expected"), [(None, 40), (40, 40)])
def test_an_answer_that_fits_is_no_error(
    byte_model: ChatModel, max_tokens: int | None, expected: int
) -> None:
    wanted = request(max_tokens=max_tokens, context_length_exceeded_behavior="error")
    assert byte_model.answer_length(wanted, 60) == expected


def test_an_answer_past_the_window_is_an_error_on_request(byte_model: ChatModel) -> None:
    wanted = request(max_tokens=41, context_length_exceeded_behavior="error")
    with pytest.raises(InvalidRequest, match=r"41 .* 40 .* 60 .* 100") as refusal:
        byte_model.answer_length(wanted, 60)
    assert refusal.value.param == "max_tokens"


def test_a_small_cache_narrows_the_window_and_a_large_one_does_not_widen_it(
    byte_model: ChatModel,
) -> None:
    assert byte_model.with_room_for(64).window_tokens == 64
    assert byte_model.with_room_for(4096).window_tokens == WINDOW_TOKENS
    assert byte_model.window_tokens == WINDOW_TOKENS


def test_a_model_can_think_if_its_template_knows_the_switch(byte_model: ChatModel) -> None:
    assert byte_model.can_think
    assert not replace(byte_model, template=ChatTemplate("hi", {})).can_think
