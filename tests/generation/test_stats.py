"""The stats of each step, and the inspection of sequences."""

from __future__ import annotations

from palaver.engine.engine import Engine
from palaver.engine.result import StepResult
from palaver.generation.stats import StepStats
from tests.engine.conversations import request, token_ids
from tests.engine.naive import fake_runtime


def run(engine: Engine) -> list[StepStats]:
    """The stats of all steps until the engine is idle."""
    figures = []
    while engine.has_work:
        stats = engine.step().stats
        assert stats is not None
        figures.append(stats)
    return figures


def test_stats_of_all_steps_add_up_to_the_tokens_of_the_requests() -> None:
    engine = Engine(fake_runtime(64), max_step_tokens=16)
    engine.add(request(0, token_ids(30), max_tokens=5))
    engine.add(request(1, token_ids(10, salt=1), max_tokens=7, num_choices=2))
    figures = run(engine)
    assert sum(stats.num_prompt_tokens for stats in figures) == 40
    assert sum(stats.num_decoded_tokens for stats in figures) == 4 + 6 + 6
    assert all(stats.model_s >= 0 and stats.host_s >= 0 for stats in figures)
    assert figures[-1].num_held_blocks == 0
    assert figures[-1].num_running == figures[-1].num_waiting == 0


def test_a_repeated_prompt_counts_as_cached_and_cache_warm_up_is_counted_apart() -> None:
    engine = Engine(fake_runtime(64))
    prompt = token_ids(30)
    engine.add(request(0, prompt, max_tokens=9))
    first = run(engine)
    engine.add(request(1, prompt, max_tokens=1))
    second = run(engine)
    assert sum(stats.num_cached_tokens for stats in first) == 0
    assert sum(stats.num_warmup_tokens for stats in first) > 0
    cached = sum(stats.num_cached_tokens for stats in second)
    assert cached == 28
    assert sum(stats.num_prompt_tokens for stats in second) == 30 - cached


def test_a_step_without_work_returns_no_tokens_and_no_stats() -> None:
    engine = Engine(fake_runtime(64))
    engine.add(request(0, token_ids(3), max_tokens=1))
    run(engine)
    assert engine.step() == StepResult()


def test_a_prompt_preempted_during_prefill_does_not_count_as_cached() -> None:
    engine = Engine(fake_runtime(16), max_step_tokens=9)
    engine.add(request(0, token_ids(6), max_tokens=30))
    engine.step()
    engine.add(request(1, token_ids(50, salt=1), max_tokens=2))
    tokens = []
    while engine.num_requests:
        tokens += engine.step().tokens
    assert engine.scheduler.num_preemptions > 0
    assert {token.num_cached_tokens for token in tokens if token.request_id == 1} == {0}


def test_inspect_shows_the_progress_of_every_sequence() -> None:
    engine = Engine(fake_runtime(64), max_step_tokens=8, max_running=2)
    engine.add(request(0, token_ids(4), max_tokens=9))
    engine.step()
    engine.add(request(1, token_ids(20, salt=1), max_tokens=2))
    engine.step()
    engine.add(request(2, token_ids(20, salt=2), max_tokens=2))
    states = engine.inspect()
    assert [(s.request_id, s.state) for s in states] == [
        (0, "decode"),
        (1, "prefill"),
        (2, "waiting"),
    ]
    assert states[0].num_answer_tokens == 2
    assert 0 < states[1].num_computed_tokens < 20
    assert states[2].num_blocks == 0
