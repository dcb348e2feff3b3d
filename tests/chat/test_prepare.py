"""A request becomes a prompt and the parameters of its generation."""

from __future__ import annotations

from typing import Any

import pytest

from palaver.chat.model import ChatModel
from palaver.errors import InvalidRequest
from palaver.generation.request import Sampling
from tests.chat.turns import turn_of


def test_max_tokens_past_the_window_shrink(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, max_tokens=1000)
    assert turn.prepared.params.max_tokens == byte_model.window_tokens - len(turn.prepared.prompt)


def test_max_tokens_past_the_window_are_an_error_on_request(
    byte_model: ChatModel,
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        turn_of(byte_model, max_tokens=1000, context_length_exceeded_behavior="error")
    assert refusal.value.param == "max_tokens"


def test_a_prompt_that_fills_the_window_is_refused(byte_model: ChatModel) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        turn_of(byte_model, "x" * 100)
    assert refusal.value.param == "messages"


def test_the_engine_gets_the_parameters_of_the_request(byte_model: ChatModel) -> None:
    sampling: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 7,
        "min_p": 0.1,
        "presence_penalty": 1.0,
        "frequency_penalty": -1.0,
        "repetition_penalty": 1.5,
        "logit_bias": {3: -100.0},
    }
    others: dict[str, Any] = {"num_top_logprobs": 5, "seed": 0, "max_tokens": 9}
    turn = turn_of(byte_model, num_choices=2, sampling=Sampling(**sampling), **others)
    expected = sampling | others
    assert {name: getattr(turn.prepared.params, name) for name in expected} == expected
    assert turn.prepared.params.stop_token_ids == byte_model.stop_token_ids
    assert turn.prepared.num_choices == 2


def test_negative_seeds_are_distinct_from_each_other_and_fit_the_engine(
    byte_model: ChatModel,
) -> None:
    seeds = {turn_of(byte_model, seed=seed).prepared.params.seed for seed in (-1, -2, 0, 1, 2**63)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**64 for seed in seeds)


def test_without_a_seed_each_turn_gets_a_random_one(byte_model: ChatModel) -> None:
    assert len({turn_of(byte_model).prepared.params.seed for _ in range(4)}) == 4
