"""Prompts with images, over a fake runtime that detects every mix-up of blocks and media."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import numpy as np
import pytest

from palaver.engine.cache.prefix import block_hashes
from palaver.engine.engine import Engine
from palaver.engine.process.messages import Submit, decode_to_engine, encode
from palaver.errors import InvalidRequest
from palaver.generation.request import (
    Array,
    GenerationRequest,
    PlaceholderRange,
    Prompt,
    SamplingParams,
)
from palaver.runtime.base import Features
from palaver.runtime.fake import FakeEncoder
from tests.engine.naive import BLOCK_SIZE, collect, drain, fake_runtime

PAD = 5


def prompt(rng: random.Random) -> Prompt:
    """Text, and some of five images, which take one position each."""
    ids: list[int] = []
    placeholders: list[PlaceholderRange] = []
    columns: list[int] = []
    for _ in range(rng.randrange(1, 4)):
        for _ in range(rng.randrange(1, 9)):
            columns.append(columns[-1] + 1 if columns else 0)
            ids.append(rng.randrange(10, 60))
        if rng.random() < 0.7:
            name = rng.randrange(5)
            num = 3 + 2 * name
            content = Array.of(np.array([name], dtype=np.uint8))
            placeholders.append(PlaceholderRange(len(ids), num, "image", bytes([name]), content))
            ids += [PAD] * num
            columns += [columns[-1] + 1] * num
    positions = Array.of(np.tile(np.array(columns, dtype=np.int32), (3, 1)))
    delta = columns[-1] + 1 - len(ids)
    return Prompt(
        ids, placeholders, positions if placeholders else None, delta if placeholders else 0
    )


def features(prompt: Prompt) -> list[Features]:
    found = []
    for placeholder in prompt.placeholders:
        assert placeholder.content is not None
        found.append(
            FakeEncoder().encode(
                placeholder.kind, placeholder.content.numpy(), placeholder.num_tokens
            )
        )
    return found


def requests(seed: int) -> list[GenerationRequest]:
    rng = random.Random(seed)
    common = prompt(rng)
    made = []
    for i in range(20):
        params = SamplingParams(max_tokens=rng.randrange(1, 12), seed=i, temperature=1)
        own = common if rng.random() < 0.3 else prompt(rng)
        made.append(GenerationRequest(i, own, params, rng.choice([1, 1, 2])))
    return made


def run(
    engine: Engine, wanted: list[GenerationRequest], concurrency: int, states: Any = None
) -> Any:
    """All answers; ``states`` gets the hidden states of media and how many answers had begun."""
    answers: Any = {}
    waiting = wanted.copy()
    while waiting or engine.num_requests:
        while waiting and engine.num_requests < concurrency:
            request = waiting.pop(0)
            stripped = msgspec.structs.replace(request, prompt=request.prompt.without_content())
            engine.add(stripped, features=features(request.prompt))
        begun = {request_id for request_id, _ in answers}
        result = engine.step()
        collect(answers, result.tokens)
        for request_id, rows in result.hidden_states if states is not None else []:
            assert request_id not in begun, "the answer has begun"
            states.setdefault(request_id, []).append(rows)
        engine.check_integrity()
    return answers


@pytest.mark.parametrize("seed", range(5))
def test_answers_depend_on_nothing_but_the_request(seed: int) -> None:
    wanted = requests(seed)
    alone: Any = {}
    for request in wanted:
        alone |= run(Engine(fake_runtime()), [request], 1)
    engine = Engine(fake_runtime(40), max_step_tokens=12)
    assert run(engine, wanted, 8) == alone
    drain(engine)
    assert run(engine, wanted[::-1], 3) == alone


def test_an_image_computed_before_is_found_in_the_cache() -> None:
    rng = random.Random(0)
    with_images = next(p for p in iter(lambda: prompt(rng), None) if len(p.placeholders) > 1)
    request = GenerationRequest(1, with_images, SamplingParams(max_tokens=1, seed=0))
    engine = Engine(fake_runtime())
    run(engine, [request], 1)
    run(engine, [request], 1)
    assert engine.scheduler.num_cached_tokens == (len(with_images) - 2) // BLOCK_SIZE * BLOCK_SIZE


@pytest.mark.parametrize("seed", range(3))
def test_hidden_states_of_media_are_reported_once_in_order_with_any_batch_and_cache(
    seed: int,
) -> None:
    wanted = [
        msgspec.structs.replace(r, wants_hidden_states=r.request_id % 3 > 0) for r in requests(seed)
    ]
    alone: Any = {}
    for request in wanted:
        run(Engine(fake_runtime()), [request], 1, alone)
    expected = {name: np.concatenate(rows).tolist() for name, rows in alone.items()}
    for request in wanted:
        num = (
            sum(placeholder.num_tokens for placeholder in request.prompt.placeholders)
            if request.wants_hidden_states
            else 0
        )
        assert len(expected.get(request.request_id, [])) == num
    assert len(expected) > 5
    engine = Engine(fake_runtime(40), max_step_tokens=12)
    for order in (wanted, wanted[::-1]):
        found: Any = {}
        run(engine, order, 8, found)
        assert {name: np.concatenate(rows).tolist() for name, rows in found.items()} == expected
        drain(engine)


def test_the_prefix_before_media_is_cached_though_hidden_states_are_wanted() -> None:
    placeholders = [PlaceholderRange(9, 6, "image", b"1", Array.of(np.array([1], dtype=np.uint8)))]
    with_media = Prompt([*range(10, 19), *[PAD] * 6, 20, 21], placeholders)
    params = SamplingParams(max_tokens=1, seed=0)
    engine = Engine(fake_runtime())
    run(engine, [GenerationRequest(1, with_media, params)], 1)
    states: Any = {}
    run(engine, [GenerationRequest(2, with_media, params, wants_hidden_states=True)], 1, states)
    assert engine.scheduler.num_cached_tokens == 8
    assert len(np.concatenate(states[2])) == 6


def test_requests_for_hidden_states_are_refused_if_the_model_has_no_output_for_them() -> None:
    runtime = fake_runtime()
    runtime.has_hidden_states = False
    wanted = next(r for r in requests(1) if r.prompt.placeholders)
    with pytest.raises(InvalidRequest, match="exported without its hidden states") as caught:
        Engine(runtime).add(msgspec.structs.replace(wanted, wants_hidden_states=True))
    assert caught.value.param is None


def test_blocks_of_different_images_have_different_hashes() -> None:
    def hashes(*names: int) -> list[bytes]:
        placeholders = [
            PlaceholderRange(4 + 6 * i, 6, "image", bytes([n]), None) for i, n in enumerate(names)
        ]
        return block_hashes(Prompt([1] * 4 + [PAD] * 12 + [2] * 4, placeholders), 4)

    first, second = hashes(1, 2), hashes(1, 3)
    assert first[:2] == second[:2]
    assert all(a != b for a, b in zip(first[2:], second[2:], strict=True))
    assert hashes()[1:] != first[1:]


def test_a_prompt_with_images_survives_the_way_to_the_engine() -> None:
    wanted = next(r for r in requests(1) if r.prompt.placeholders)
    decoded = decode_to_engine(encode(Submit(wanted)))
    assert decoded == Submit(wanted)
    content = decoded.request.prompt.placeholders[0].content
    assert content is not None and content.numpy().dtype == np.uint8


def test_positions_continue_after_the_prompt() -> None:
    positions = Array.of(np.array([[0, 1, 1, 2]] * 3, dtype=np.int32))
    known = Prompt([1, PAD, PAD, 2], [], positions, position_delta=-1)
    assert known.rope_ids(2, 7)[0].tolist() == [1, 2, 3, 4, 5]
