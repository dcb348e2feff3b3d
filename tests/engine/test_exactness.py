"""The built-in model gives the same bits with any order, batch and cache (spec row S19)."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from palaver.engine.engine import Engine
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.generation.output import TokenLogprobs
from palaver.generation.request import GenerationRequest, Grammar, Prompt, SamplingParams
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime import load_runtime
from palaver.runtime.config import InferencePrecision
from tests.runtime.configs import config_of

Answers = dict[tuple[int, int], list[tuple[int, TokenLogprobs | None]]]

NUM_REQUESTS = 200
GRAMMAR = Grammar(
    """start: "{\\"a rather long first key\\": " NUMBER ", \\"and another one\\": " NUMBER "}"
NUMBER: /[0-9]{1,9}/
""",
    "response_format",
)


def requests() -> dict[int, GenerationRequest]:
    """Requests of all kinds, many with a common prefix."""
    rng = random.Random(7)
    common = [rng.randrange(40, 4000) for _ in range(160)]
    made = {}
    for i in range(NUM_REQUESTS):
        own = [rng.randrange(40, 4000) for _ in range(rng.randrange(0, 50))]
        params = SamplingParams(
            max_tokens=rng.randrange(1, 24),
            seed=rng.randrange(2**64),
            temperature=rng.choice([0, 0.7, 1.5]),
            top_p=rng.choice([1, 0.8]),
            top_k=rng.choice([0, 5]),
            min_p=rng.choice([0, 0.1]),
            presence_penalty=rng.choice([0, 1]),
            frequency_penalty=rng.choice([0, -0.5]),
            repetition_penalty=rng.choice([1, 1.2]),
            num_top_logprobs=rng.choice([None, 0, 3]),
            grammar=rng.choice([None, None, None, GRAMMAR]),
        )
        prompt = Prompt(common[: rng.randrange(1, 160)] + own)
        made[i] = GenerationRequest(i, prompt, params, rng.choice([1, 1, 1, 2, 5]))
    return made


def answers(
    order: Iterable[int],
    precision: InferencePrecision,
    *,
    num_cache_tokens: int,
    concurrency: int,
    max_step_tokens: int,
) -> tuple[Answers, set[int], Engine]:
    """The generated tokens, the requests that were cancelled half-way, and the engine."""
    config = config_of(
        cache_bytes=2**30,
        max_cache_tokens=num_cache_tokens,
        inference_precision=precision,
    )
    engine = Engine(load_runtime(config), max_step_tokens=max_step_tokens)
    compiler = GrammarCompiler((BUILT_IN_FOLDER / "tokenizer.json").read_text(), 4096)
    wanted = requests()
    waiting = list(order)
    found: Answers = {}
    cancelled: set[int] = set()
    while waiting or engine.num_requests:
        while waiting and engine.num_requests < concurrency:
            request = wanted[waiting.pop(0)]
            grammar = request.params.grammar
            engine.add(request, compiler.compile(grammar, (2,)) if grammar else None)
        for token in engine.step().tokens:
            key = (token.request_id, token.choice)
            found.setdefault(key, []).append((token.token_id, token.logprobs))
            if token.request_id % 17 == 0 and len(found[key]) == 3:
                engine.cancel(token.request_id)
                cancelled.add(token.request_id)
        engine.check_integrity()
    while engine.has_work:
        engine.step()
        engine.check_integrity()
    return found, cancelled, engine


@pytest.mark.timeout(300)
@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_200_requests_are_the_same_bit_for_bit_in_any_order_batch_and_cache(
    precision: InferencePrecision,
) -> None:
    rng = random.Random(1)
    alone, cancelled, _ = answers(
        range(NUM_REQUESTS), precision, num_cache_tokens=40_000, concurrency=1, max_step_tokens=512
    )
    order = rng.sample(range(NUM_REQUESTS), NUM_REQUESTS)
    crowd, also_cancelled, engine = answers(
        order, precision, num_cache_tokens=640, concurrency=24, max_step_tokens=96
    )
    assert engine.scheduler.num_preemptions > 0
    assert engine.scheduler.pool.num_available == engine.scheduler.pool.num_blocks
    differing = {
        key
        for key in alone
        if key[0] not in cancelled | also_cancelled and alone[key] != crowd[key]
    }
    assert not differing
    assert all(
        first == second
        for key in alone
        if key[0] in cancelled
        for first, second in zip(alone[key], crowd[key], strict=False)
    )
