"""The chunks of each step: budgets, order and blocks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from palaver.engine.chunk import Chunk
from palaver.engine.engine import Engine
from palaver.engine.sequence import Status
from palaver.generation.request import GenerationRequest

from .conversations import request, request_lists, token_ids
from .naive import BLOCK_SIZE, drain, fake_runtime, run


class ChunkLog:
    """The chunks that an engine plans: (request id, begin, tokens, is decode) by step."""

    def __init__(self, engine: Engine) -> None:
        self.steps: list[list[tuple[int, int, int, bool]]] = []
        self._schedule = engine.scheduler.schedule
        engine.scheduler.schedule = self._log  # type: ignore[method-assign]

    def _log(self) -> list[Chunk]:
        chunks = self._schedule()
        self.steps.append([_noted(chunk) for chunk in chunks])
        return chunks


def _noted(chunk: Chunk) -> tuple[int, int, int, bool]:
    sequence = chunk.sequence
    request_id = sequence.request.request_id
    return request_id, sequence.num_computed, chunk.num_tokens, chunk.kind is Status.DECODE


@settings(deadline=None, max_examples=60)
@given(request_lists(), st.integers(1, 40), st.sampled_from([12, 200]))
def test_no_prompt_chunk_is_a_single_token(
    wanted: list[GenerationRequest], max_step_tokens: int, num_blocks: int
) -> None:
    engine = Engine(fake_runtime(num_blocks), max_step_tokens=max_step_tokens)
    log = ChunkLog(engine)
    run(engine, wanted)
    drain(engine)
    lengths = {one.request_id: len(one.prompt) for one in wanted}
    for request_id, begin, num_tokens, is_decode in (c for step in log.steps for c in step):
        assert begin % BLOCK_SIZE == 0 or is_decode, "cut within a block"
        assert num_tokens > 1 or is_decode or lengths[request_id] == 1


@settings(deadline=None, max_examples=60)
@given(request_lists(), st.integers(2 * BLOCK_SIZE, 40))
def test_prefill_exceeds_the_budget_only_by_a_single_last_token(
    wanted: list[GenerationRequest], max_step_tokens: int
) -> None:
    engine = Engine(fake_runtime(200), max_step_tokens=max_step_tokens)
    log = ChunkLog(engine)
    run(engine, wanted)
    for step in log.steps:
        num_read = sum(num for _, _, num, is_decode in step if not is_decode)
        num_decoded = sum(is_decode for *_, is_decode in step)
        assert num_read <= max(max_step_tokens - num_decoded, 0) + 1
        if num_decoded:
            assert num_read <= max_step_tokens // 2 + 1


def test_a_decoding_sequence_takes_part_in_each_step_beside_a_long_prompt() -> None:
    engine = Engine(fake_runtime(200), max_step_tokens=16)
    engine.add(request(0, token_ids(6), max_tokens=30))
    engine.step()
    log = ChunkLog(engine)
    engine.add(request(1, token_ids(60, salt=9), max_tokens=2))
    while all(token.request_id == 0 for token in engine.step().tokens):
        pass
    assert all((0, 6 + i, 1, True) in step for i, step in enumerate(log.steps))
    assert [c[1:3] for step in log.steps for c in step if c[0] == 1] == (
        [(8 * i, 8) for i in range(7)] + [(56, 4)]
    )


def test_prompts_are_computed_in_the_order_of_arrival_and_fill_one_step_together() -> None:
    engine = Engine(fake_runtime(), max_step_tokens=16)
    log = ChunkLog(engine)
    for i in range(3):
        engine.add(request(i, token_ids(10, salt=10 * i), max_tokens=2))
    for _ in range(3):
        engine.step()
    assert log.steps == [
        [(0, 0, 10, False), (1, 0, 4, False)],
        [(0, 10, 1, True), (1, 4, 6, False)],
        [(1, 10, 1, True), (2, 0, 8, False)],
    ]


def test_no_more_than_max_running_are_in_the_batch() -> None:
    engine = Engine(fake_runtime(), max_running=2)
    log = ChunkLog(engine)
    run(engine, [request(i, token_ids(5, salt=10 * i), max_tokens=4) for i in range(5)])
    assert max(len(step) for step in log.steps) == 2


def test_the_youngest_is_preempted_and_the_oldest_never() -> None:
    engine = Engine(fake_runtime(num_blocks=8))
    log = ChunkLog(engine)
    run(engine, [request(i, token_ids(6, salt=10 * i), max_tokens=20) for i in range(3)])
    assert engine.scheduler.num_preemptions > 0
    oldest = [begin for step in log.steps for i, begin, *_ in step if i == 0]
    assert oldest == [0, *range(6, 25)]
    assert all(step[0][0] == 0 for step in log.steps[:20])


def test_a_preempted_answer_is_not_generated_twice() -> None:
    engine = Engine(fake_runtime(num_blocks=8))
    log = ChunkLog(engine)
    run(engine, [request(i, token_ids(6, salt=10 * i), max_tokens=20) for i in range(3)])
    decoded = [(i, begin) for step in log.steps for i, begin, _, is_decode in step if is_decode]
    assert len(decoded) == len(set(decoded)) == 3 * 19


def test_cache_warm_up_starts_only_when_there_are_no_requests() -> None:
    engine = Engine(fake_runtime(), max_step_tokens=8)
    log = ChunkLog(engine)
    engine.add(request(0, token_ids(6), max_tokens=6))
    engine.add(request(1, token_ids(6, salt=20), max_tokens=30))
    while engine.num_requests:
        engine.step()
    assert all(chunk[0] >= 0 for step in log.steps for chunk in step)
    drain(engine)
    num_warmup_tokens = sum(num for step in log.steps for i, _, num, _ in step if i < 0)
    assert num_warmup_tokens == (12 // BLOCK_SIZE - 1 + 36 // BLOCK_SIZE - 1) * BLOCK_SIZE


def test_an_admitted_prompt_leaves_a_block_for_decoding_sequences() -> None:
    engine = Engine(fake_runtime(num_blocks=4))
    engine.add(request(0, token_ids(7), max_tokens=6))
    engine.step()
    engine.add(request(1, token_ids(7, salt=20), max_tokens=2))
    log = ChunkLog(engine)
    engine.step()
    assert [chunk[0] for chunk in log.steps[0]] == [0]
    run(engine, [])
    assert engine.scheduler.num_preemptions == 0
