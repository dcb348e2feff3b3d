"""An injected policy decides admission, prefill order and preemption, and is told the cost."""

from __future__ import annotations

from palaver.engine.engine import Engine
from palaver.engine.policy import QueuePolicy

from .conversations import request, token_ids
from .naive import drain, fake_runtime, run
from .policies import Bill, LastComeFirstServed


def _first_tokens(policy: QueuePolicy, max_running: int) -> list[int]:
    """The requests in the order of their first tokens; three wait for one that is answered."""
    engine = Engine(fake_runtime(200), policy=policy, max_running=max_running)
    engine.add(request(0, token_ids(6), max_tokens=20))
    engine.step()
    for i in (1, 2, 3):
        engine.add(request(i, token_ids(10, salt=10 * i), max_tokens=2))
    begun: list[int] = []
    while engine.num_requests:
        found = (token.request_id for token in engine.step().tokens)
        begun += [i for i in found if i and i not in begun]
        engine.check_integrity()
    return begun


def test_the_policy_decides_which_request_is_admitted_next() -> None:
    assert _first_tokens(LastComeFirstServed(), max_running=2) == [3, 2, 1]


def test_the_policy_decides_which_prompt_is_computed_next() -> None:
    engine = Engine(fake_runtime(200), policy=LastComeFirstServed(), max_step_tokens=16)
    for i in (1, 2):
        engine.add(request(i, token_ids(30, salt=10 * i), max_tokens=1))
    engine.step()
    engine.add(request(3, token_ids(30, salt=30), max_tokens=1))
    order = [t.request_id for _ in range(10) for t in engine.step().tokens]
    assert order == [2, 3, 1]


def test_the_policy_decides_which_sequence_is_preempted() -> None:
    engine = Engine(fake_runtime(num_blocks=8), policy=LastComeFirstServed())
    wanted = [request(i, token_ids(6, salt=10 * i), max_tokens=20) for i in range(3)]
    for one in wanted:
        engine.add(one)
    while not engine.scheduler.num_preemptions:
        engine.step()
    states = {state.request_id: state.state for state in engine.inspect()}
    assert states[0] == "preempted"
    assert states[2] == "decode"


def test_a_request_is_charged_the_tokens_computed_for_it() -> None:
    bill = Bill()
    engine = Engine(fake_runtime(), policy=bill)
    prompt = token_ids(30)
    run(engine, [request(1, prompt, max_tokens=5, num_choices=2)])
    run(engine, [request(2, prompt, max_tokens=3)])
    assert bill.num_prompt_tokens == {1: 30, 2: 2}
    assert bill.num_answer_tokens == {1: 2 * 4, 2: 2}


def test_a_preempted_request_is_charged_for_its_prompt_once_and_cache_warm_up_for_nothing() -> None:
    bill = Bill()
    engine = Engine(fake_runtime(num_blocks=8), policy=bill)
    run(engine, [request(i, token_ids(6, salt=10 * i), max_tokens=20) for i in range(3)])
    drain(engine)
    assert engine.scheduler.num_preemptions > 0
    assert bill.num_prompt_tokens == dict.fromkeys(range(3), 6)
    assert bill.num_answer_tokens == dict.fromkeys(range(3), 19)
