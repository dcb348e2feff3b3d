"""Tokens that the server samples are as frequent as the reference says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import pytest

from tests.sampling import wrong
from tests.sampling.model import Model
from tests.sampling.reference import probabilities
from tests.sampling.scenarios import SCENARIOS, STORY, Scenario
from tests.sampling.tally import Beginning, Probabilities, Tally, fit_of, simulated, tally
from tests.sampling.wrong import Sampler
from tests.server import chat

NUM_SEEDS = 8
NUM_CHOICES = 128
NUM_SAMPLES = NUM_SEEDS * NUM_CHOICES
NUM_TRIALS = 20


def parameter(scenario: Scenario, *further: Any, name: str = "") -> Any:
    """A scenario as the parameter of a test, marked with its rows."""
    marks = [pytest.mark.spec(row) for row in scenario.rows]
    return pytest.param(scenario, *further, id=f"{scenario.name} {name}".strip(), marks=marks)


def probabilities_of(sampler: Sampler, scenario: Scenario, model: Model) -> Probabilities:
    """The probabilities that a sampler gives in a scenario."""
    params = scenario.params_for(model)
    return cache(lambda answer: model.merge_ends(sampler(model.place(STORY, answer), params)))


def drawn(client: httpx.Client, scenario: Scenario, model: Model) -> Tally:
    """The tokens that the server samples."""
    answers = [
        answer
        for seed in range(NUM_SEEDS)
        for answer in answers_of(client, request_of(scenario, model, seed), model)
    ]
    assert len(answers) == NUM_SAMPLES
    return tally(answers, model.vocab_size)


def request_of(scenario: Scenario, model: Model, seed: int) -> dict[str, Any]:
    """One request for as many choices as there may be."""
    params = scenario.params_for(model).as_dict()
    fields = {"n": NUM_CHOICES, "max_tokens": scenario.num_tokens, "logprobs": True, "seed": seed}
    return chat(STORY, **params, **fields)


def answers_of(client: httpx.Client, body: dict[str, Any], model: Model) -> Iterator[Beginning]:
    """The tokens of all choices, found by their log probabilities."""
    response = client.post("/v1/chat/completions", json=body)
    assert response.status_code == httpx.codes.OK, response.text
    for choice in response.json()["choices"]:
        entries = choice["logprobs"]["content"]
        tokens = [model.id_of(entry["token"], bytes(entry["bytes"])) for entry in entries]
        yield (*tokens, *[model.end] * (choice["finish_reason"] == "stop"))


@pytest.mark.parametrize("scenario", [parameter(scenario) for scenario in SCENARIOS])
def test_tokens_are_sampled_as_often_as_the_reference_says(
    client: httpx.Client, model: Model, scenario: Scenario
) -> None:
    fit = fit_of(drawn(client, scenario, model), probabilities_of(probabilities, scenario, model))
    assert not fit.is_rejected, fit


@pytest.mark.parametrize(
    ("scenario", "mistake"),
    [parameter(s, mistake, name=mistake.__name__) for s in SCENARIOS for mistake in s.mistakes],
)
def test_a_sampler_with_a_mistake_is_rejected(
    model: Model, scenario: Scenario, mistake: Sampler
) -> None:
    is_rejected = is_rejected_in(scenario, model, mistake)
    assert all(is_rejected(seed) for seed in range(3))


@pytest.mark.parametrize("scenario", [parameter(scenario) for scenario in SCENARIOS])
def test_a_correct_sampler_is_not_rejected(model: Model, scenario: Scenario) -> None:
    is_rejected = is_rejected_in(scenario, model, probabilities)
    assert not any(is_rejected(seed) for seed in range(NUM_TRIALS))


def is_rejected_in(scenario: Scenario, model: Model, sampler: Sampler) -> Callable[[int], bool]:
    """Whether as many samples of another sampler are rejected."""
    right = probabilities_of(probabilities, scenario, model)
    other = probabilities_of(sampler, scenario, model)

    def is_rejected(seed: int) -> bool:
        draws = simulated(other, NUM_SAMPLES, scenario.num_tokens, model.end, seed)
        return fit_of(draws, right).is_rejected

    return is_rejected


def test_each_mistake_is_tested_in_some_scenario() -> None:
    mistakes = {name for name, _ in inspect.getmembers(wrong, inspect.isfunction)}
    mistakes = {name for name in mistakes if getattr(wrong, name).__module__ == wrong.__name__}
    assert mistakes == {mistake.__name__ for s in SCENARIOS for mistake in s.mistakes}
