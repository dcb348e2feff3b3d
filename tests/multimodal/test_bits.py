"""Answers about media are the same bits with any order, batch and cache (spec row S19)."""

from __future__ import annotations

import random

import pytest

from palaver.engine.engine import Engine
from palaver.generation.output import TokenLogprobs
from palaver.generation.request import GenerationRequest, SamplingParams
from palaver.runtime.base import Features, Runtime
from tests.multimodal import cases
from tests.multimodal.model import FamilyFolder, chat_model, encoded, prompt_of, runtime

Answers = dict[int, list[tuple[int, TokenLogprobs | None]]]
Wanted = dict[int, tuple[GenerationRequest, list[Features]]]


def conversations(family: FamilyFolder, loaded: Runtime) -> Wanted:
    """Sixteen requests, every kind of media among them."""
    model = chat_model(family)
    known = [case for case in cases.CASES if family == "omni" or not case.clips]
    wanted: Wanted = {}
    for i in range(16):
        prompt = prompt_of(model, known[i % len(known)])
        params = SamplingParams(
            max_tokens=16, seed=i, temperature=0.7 * (i % 2), num_top_logprobs=2
        )
        wanted[i] = (GenerationRequest(i, prompt, params), encoded(loaded, prompt))
    return wanted


def answers(engine: Engine, wanted: Wanted, order: list[int], concurrency: int) -> Answers:
    found: Answers = {}
    waiting = order.copy()
    while waiting or engine.num_requests:
        while waiting and engine.num_requests < concurrency:
            request, features = wanted[waiting.pop(0)]
            engine.add(request, features=features)
        for token in engine.step().tokens:
            found.setdefault(token.request_id, []).append((token.token_id, token.logprobs))
        engine.check_integrity()
    return found


def alone(loaded: Runtime, wanted: Wanted) -> Answers:
    """Each answer by an engine with no other requests and an empty cache."""
    found: Answers = {}
    for i in wanted:
        found |= answers(Engine(loaded), wanted, [i], 1)
    return found


@pytest.mark.parametrize("family", ["omni", "vl"])
def test_an_answer_is_the_same_alone_in_a_batch_of_16_and_from_the_cache(
    family: FamilyFolder,
) -> None:
    loaded = runtime(family)
    wanted = conversations(family, loaded)
    expected = alone(loaded, wanted)
    order = random.Random(3).sample(sorted(wanted), len(wanted))
    engine = Engine(loaded, max_step_tokens=64)
    assert answers(engine, wanted, order, 16) == expected
    num_cached = engine.scheduler.num_cached_tokens
    assert answers(engine, wanted, order[::-1], 16) == expected
    assert engine.scheduler.num_cached_tokens > num_cached


@pytest.mark.parametrize("num_threads", [1, 2])
def test_answers_survive_preemption_with_their_media(num_threads: int) -> None:
    loaded = runtime("omni", num_cache_tokens=192, num_threads=num_threads)
    wanted = conversations("omni", loaded)
    scarce = Engine(loaded, max_step_tokens=64)
    assert answers(scarce, wanted, sorted(wanted), 16) == alone(loaded, wanted)
    assert scarce.scheduler.num_preemptions > 0
