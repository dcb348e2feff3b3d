from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.bench.workload import LengthRange, Workload
from palaver.errors import SettingError


def workload(
    low: int = 40,
    high: int = 40,
    *,
    shared: int = 0,
    seed: int = 0,
    is_streamed: bool = True,
    ignore_eos: bool = False,
    forbidden: tuple[int, ...] = (),
) -> Workload:
    return Workload(
        model="some/model",
        prompt_tokens=LengthRange(low, high),
        output_tokens=16,
        shared_prefix_tokens=shared,
        seed=seed,
        is_streamed=is_streamed,
        ignore_eos=ignore_eos,
        forbidden_token_ids=forbidden,
    )


@pytest.mark.parametrize(("text", "low", "high"), [("128", 128, 128), (" 128-512 ", 128, 512)])
def test_length_is_a_number_or_a_range(text: str, low: int, high: int) -> None:
    assert LengthRange.parse(text) == LengthRange(low, high)


@pytest.mark.parametrize("text", ["", "0", "-5", "5-", "9-8", "0-4", "many", "1.5"])
def test_impossible_length_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingError, match="is not a length"):
        LengthRange.parse(text)


@given(st.integers(1, 300), st.integers(1, 300))
def test_length_reads_back_as_written(first: int, second: int) -> None:
    length = LengthRange(min(first, second), max(first, second))
    assert LengthRange.parse(str(length)) == length


def test_prompt_is_the_same_on_every_machine() -> None:
    assert workload(16, 16).prompt("8", 0) == (
        "Continue this list of words for as long as you can: street family pocket castle boat"
    )


def test_no_two_requests_of_a_run_share_a_prompt() -> None:
    prompts = [
        load.prompt(series, index)
        for load in (workload(), workload(seed=1))
        for series in ("1", "1/warmup", "8")
        for index in range(50)
    ]
    assert len(set(prompts)) == len(prompts)


@given(st.integers(13, 200), st.integers(0, 100), st.integers(0, 5))
def test_prompt_has_as_many_words_as_asked_for(low: int, extra: int, index: int) -> None:
    num_words = len(workload(low, low + extra).prompt("1", index).split())
    assert low <= num_words <= low + extra


@given(st.integers(0, 100))
def test_shared_prefix_comes_first_in_addition_and_does_not_depend_on_the_request(
    num_shared: int,
) -> None:
    plain = workload().prompt("1", 0).split()
    first = workload(shared=num_shared).prompt("1", 0).split()
    second = workload(shared=num_shared).prompt("8", 3).split()
    assert first[num_shared:] == plain
    assert first[:num_shared] == second[:num_shared]


def test_streamed_body_asks_for_usage() -> None:
    body = workload().body("1", 0)
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert body["max_tokens"] == 16


def test_body_has_no_field_that_only_some_servers_know_unless_it_is_asked_for() -> None:
    assert set(workload(is_streamed=False).body("1", 0)) == {
        "model",
        "messages",
        "max_tokens",
        "temperature",
        "stream",
    }


def test_stop_tokens_are_suppressed_on_request() -> None:
    body = workload(ignore_eos=True, forbidden=(2, 7)).body("1", 0)
    assert body["ignore_eos"] is True
    assert body["logit_bias"] == {"2": -100, "7": -100}
