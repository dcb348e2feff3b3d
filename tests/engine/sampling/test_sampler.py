"""Sampling: each step of the order of operations, against a slow reference in double precision."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from palaver.engine.sampling.base import Kernels
from palaver.engine.sampling.compiled import CompiledKernels
from palaver.engine.sampling.numpy_kernels import NumpyKernels
from palaver.engine.sampling.penalties import TokenCounts
from palaver.engine.sampling.philox import uniforms
from palaver.engine.sampling.sampler import Sampler, SampleRow
from palaver.generation.output import TokenLogprobs
from palaver.generation.request import SamplingParams

_GRID = 64  # logits are multiples of 1/64, so single precision makes no ties of its own
_VOCABS = [5, 128, 129, 400, 2100]

_KERNELS: dict[str, Kernels] = {"numpy": NumpyKernels(), "compiled": CompiledKernels()}

sample = Sampler(_KERNELS["numpy"]).sample


@pytest.fixture(scope="module", params=_KERNELS, autouse=True)
def _each_kind_of_kernels(request: pytest.FixtureRequest) -> None:
    global sample  # noqa: PLW0603
    sample = Sampler(_KERNELS[request.param]).sample


@dataclass(frozen=True)
class Row:
    """One row of a batch with everything that its token depends on."""

    logits: NDArray[np.float32]
    params: SamplingParams
    prompt: list[int]
    answer: list[int]
    choice: int

    def draw(self) -> SampleRow:
        counts = None
        if self.params.has_penalties:
            counts = TokenCounts(self.prompt)
            for token_id in self.answer:
                counts.add(token_id)
        return SampleRow(self.params, counts, self.choice, len(self.answer))


def _sample(rows: list[Row]) -> tuple[list[int], list[TokenLogprobs | None]]:
    return sample(np.stack([row.logits for row in rows]), [row.draw() for row in rows])


def _params(seed: int = 0, **changes: Any) -> SamplingParams:
    return msgspec.structs.replace(SamplingParams(max_tokens=1, seed=seed), **changes)


def _row(logits: list[float], seed: int = 0, **changes: Any) -> Row:
    return Row(np.array(logits, dtype=np.float32), _params(seed, **changes), [], [], 0)


def _token(logits: list[float], seed: int = 0, **changes: Any) -> int:
    return _sample([_row(logits, seed, **changes)])[0][0]


# -- the reference ---------------------------------------------------------------------------


def _adjusted(row: Row) -> list[float]:
    params = row.params
    logits = [float(x) for x in row.logits]
    forced = {i for i, bias in params.logit_bias.items() if bias >= 100}
    for i, bias in params.logit_bias.items():
        logits[i] += bias
    for i in range(len(logits)):
        if (forced and i not in forced) or params.logit_bias.get(i, 0) <= -100:
            logits[i] = -math.inf
    for i in {*row.prompt, *row.answer}:
        factor = params.repetition_penalty
        logits[i] = logits[i] / factor if logits[i] > 0 else logits[i] * factor
        logits[i] -= params.frequency_penalty * row.answer.count(i)
        logits[i] -= params.presence_penalty * (i in row.answer)
    return logits


def _weights(row: Row) -> tuple[dict[int, float], float]:
    """Tokens that can be sampled with their numerators, in the order of the inverse distribution,
    and the mass that top-p keeps of them (if it keeps a share of all).

    Rejects the example where single precision could cut the head elsewhere.
    """
    params = row.params
    logits = _adjusted(row)
    top = max(logits)
    weights = {i: math.exp((x - top) / params.temperature) for i, x in enumerate(logits)}
    head = sorted(weights, key=lambda i: (-weights[i], i))
    lengths = [len(head)]
    mass = math.inf
    if params.top_p < 1 and not 0 < params.top_k < len(head):
        mass = params.top_p * math.fsum(weights.values())
    elif params.top_k:
        head = head[: params.top_k]
        lengths.append(_num_reaching(params.top_p, [weights[i] for i in head]))
    if params.min_p:
        for i in head:
            assume(abs(weights[i] - params.min_p) > 1e-5 * params.min_p)
        lengths.append(sum(weights[i] >= params.min_p for i in head))
    return {i: weights[i] for i in sorted(head[: min(lengths)])}, mass


def _num_reaching(share: float, weights: list[float]) -> int:
    """How many of the first weights it takes to reach a share of all of them."""
    if share == 1:
        return len(weights)
    target = share * math.fsum(weights)
    total = 0.0
    for num, weight in enumerate(weights, start=1):
        total += weight
        assume(abs(total - target) > 1e-5 * target)
        if total >= target:
            return num
    return len(weights)


def _reference(row: Row) -> int:
    if not row.params.temperature:
        logits = _adjusted(row)
        return logits.index(max(logits))
    weights, mass = _weights(row)
    for attempt in itertools.count():
        token = _inverse(weights, _number(row, attempt))
        ahead = {i: w for i, w in weights.items() if (-w, i) < (-weights[token], token)}
        assume(abs(math.fsum(ahead.values()) - mass) > 1e-5 * mass or mass == math.inf)
        if math.fsum(ahead.values()) < mass:
            return token
        weights = ahead
    raise AssertionError("every token was rejected")


def _number(row: Row, attempt: int) -> float:
    block, place = divmod(attempt, 2)
    return float(uniforms([row.params.seed], [row.choice], [len(row.answer)], block)[0, place])


def _inverse(weights: dict[int, float], number: float) -> int:
    total = math.fsum(weights.values())
    reached = 0.0
    for token_id, weight in weights.items():
        reached += weight
        assume(abs(reached - number * total) > 1e-5 * total or reached == pytest.approx(total))
        if reached > number * total:
            return token_id
    raise AssertionError("the draw lies beyond the distribution")


# -- random rows -----------------------------------------------------------------------------


@st.composite
def _rows(draw: st.DrawFn, vocab: int) -> Row:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([0.5, 3.0, 6.0]))
    tokens = st.integers(0, vocab - 1)
    return Row(
        logits=(np.rint(rng.normal(0, spread, vocab) * _GRID) / _GRID).astype(np.float32),
        params=SamplingParams(
            max_tokens=1,
            seed=draw(st.integers(0, 2**64 - 1)),
            temperature=draw(st.sampled_from([0.0, 0.3, 0.7, 1.0, 2.0])),
            top_p=draw(st.sampled_from([1.0, 0.93, 0.517, 0.0313])),
            top_k=draw(st.sampled_from([0, 1, 4, 128, 131, 300])),
            min_p=draw(st.sampled_from([0.0, 0.0123, 0.217, 1.0])),
            presence_penalty=draw(st.sampled_from([0.0, 0.5, -1.25])),
            frequency_penalty=draw(st.sampled_from([0.0, 0.25, -0.75])),
            repetition_penalty=draw(st.sampled_from([1.0, 0.5, 2.0])),
            logit_bias=draw(
                st.dictionaries(
                    tokens, st.sampled_from([-100.0, -2.25, 0.5, 6.0, 100.0]), max_size=3
                )
            ),
            num_top_logprobs=draw(st.sampled_from([None, 0, 3])),
        ),
        prompt=draw(st.lists(tokens, max_size=6)),
        answer=draw(st.lists(tokens, max_size=6)),
        choice=draw(st.integers(0, 127)),
    )


def _batches(max_size: int) -> st.SearchStrategy[list[Row]]:
    return st.sampled_from(_VOCABS).flatmap(
        lambda vocab: st.lists(_rows(vocab), min_size=1, max_size=max_size)
    )


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(_VOCABS).flatmap(_rows))
def test_every_combination_of_parameters_samples_the_token_of_the_slow_reference(row: Row) -> None:
    assume(row.params.min_p != 1.0 or not row.params.temperature)  # tested on its own, below
    assert _sample([row])[0][0] == _reference(row)


@settings(deadline=None, max_examples=60)
@given(_batches(6))
def test_a_row_does_not_depend_on_its_neighbours(rows: list[Row]) -> None:
    alone = [_sample([row]) for row in rows]
    tokens, logprobs = _sample(rows)
    assert tokens == [one[0][0] for one in alone]
    assert logprobs == [one[1][0] for one in alone]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(_VOCABS).flatmap(_rows), st.integers(1, 20))
def test_logprobs_are_of_the_model_s_own_distribution_with_any_parameters(
    row: Row, num_top: int
) -> None:
    def logprobs(params: SamplingParams) -> tuple[int, TokenLogprobs]:
        changed = Row(row.logits, params, row.prompt, row.answer, row.choice)
        (token,), (found,) = _sample([changed])
        assert found is not None
        return token, found

    exact = [float(x) for x in row.logits]
    log_total = max(exact) + math.log(math.fsum(math.exp(x - max(exact)) for x in exact))
    token, found = logprobs(msgspec.structs.replace(row.params, num_top_logprobs=num_top))
    plain = logprobs(_params(num_top_logprobs=num_top))[1]
    most = logprobs(_params(num_top_logprobs=20))[1]
    likeliest = sorted(range(len(exact)), key=lambda i: (-exact[i], i))[:num_top]
    assert found.logprob == pytest.approx(exact[token] - log_total, abs=1e-4)
    assert [i for i, _ in found.top] == likeliest
    assert [value for _, value in found.top] == pytest.approx(
        [exact[i] - log_total for i in likeliest], abs=1e-4
    )
    assert found.top == plain.top == most.top[: len(found.top)]
    assert dict(most.top).get(token, found.logprob) == found.logprob


def test_logprobs_are_computed_only_if_they_are_wanted() -> None:
    rows = [_row([0.0, 1.0]), _row([0.0, 1.0], num_top_logprobs=0)]
    (without, bare) = _sample(rows)[1]
    assert without is None
    assert bare is not None
    assert bare.top == []


# -- step by step ----------------------------------------------------------------------------


def test_greedy_takes_the_lowest_id_among_equal_logits() -> None:
    assert _token([0.0, 2.0, 1.0, 2.0], temperature=0) == 1


@pytest.mark.parametrize("vocab", [100, 300, 3000])
def test_top_k_and_top_logprobs_take_the_lowest_ids_among_equal_logits(vocab: int) -> None:
    logits = [0.0] * vocab
    logits[vocab - 1] = 0.5
    (found,) = _sample([_row(logits, num_top_logprobs=4)])[1]
    assert found is not None
    assert [i for i, _ in found.top] == [vocab - 1, 0, 1, 2]
    drawn = {_token(logits, seed, top_k=4) for seed in range(100)}
    assert drawn == {vocab - 1, 0, 1, 2}


@pytest.mark.parametrize("top_k", [0, 50])
def test_bias_100_leaves_only_its_tokens_however_unlikely(top_k: int) -> None:
    logits = [50.0, -50.0, 0.0, -50.0]
    bias = {1: 100.0, 3: 100.0}
    drawn = {_token(logits, seed, logit_bias=bias, top_k=top_k) for seed in range(50)}
    assert drawn == {1, 3}


@pytest.mark.parametrize("changes", [{}, {"top_k": 2}, {"temperature": 0}, {"temperature": 2}])
def test_bias_minus_100_forbids_however_likely(changes: dict[str, Any]) -> None:
    logits = [500.0, 0.0, 0.0]
    drawn = {_token(logits, seed, logit_bias={0: -100.0}, **changes) for seed in range(50)}
    assert 0 not in drawn


def test_bias_comes_before_the_penalties() -> None:
    params = _params(temperature=0, logit_bias={0: 2.0}, repetition_penalty=2.0)
    row = Row(np.array([-1.0, 0.6, 0.4], dtype=np.float32), params, [0], [], 0)
    assert _sample([row])[0] == [1]  # (-1 + 2) / 2; the other order gives -1 * 2 + 2 = 0
    row = Row(np.array([-1.0, 0.4, 0.3], dtype=np.float32), params, [0], [], 0)
    assert _sample([row])[0] == [0]


def test_top_p_is_a_share_of_the_tokens_that_top_k_kept() -> None:
    logits = [0.0] * 200 + [-1.5] * 800
    drawn = {_token(logits, seed, top_k=200, top_p=0.3) for seed in range(400)}
    assert max(drawn) in (58, 59)  # 0.3 of 200 equal tokens; of all it would be 113


def test_top_p_keeps_the_token_that_reaches_the_mass() -> None:
    logits = [math.log(p) for p in (0.5, 0.3, 0.2)]
    assert {_token(logits, seed, top_p=0.6) for seed in range(100)} == {0, 1}
    assert {_token(logits, seed, top_p=1e-9) for seed in range(100)} == {0}


def test_min_p_is_relative_to_the_likeliest_after_temperature() -> None:
    logits = [math.log(p) for p in (0.6, 0.25, 0.15)]
    assert {_token(logits, seed, min_p=0.4) for seed in range(100)} == {0, 1}
    assert {_token(logits, seed, min_p=0.4, temperature=2.0) for seed in range(100)} == {0, 1, 2}


def test_min_p_1_keeps_all_tokens_as_likely_as_the_likeliest() -> None:
    logits = [1.0, 0.0, 1.0, 0.0]
    assert {_token(logits, seed, min_p=1.0) for seed in range(50)} == {0, 2}


@pytest.mark.parametrize("changes", [{}, {"top_k": 2}, {"top_p": 0.9}])
@pytest.mark.parametrize("temperature", [1e-300, 1e-46, 1e-40, 1e-5])
def test_the_smallest_temperatures_are_greedy(temperature: float, changes: dict[str, Any]) -> None:
    with np.errstate(over="ignore"):
        assert _token([0.0, 1.0, 0.5], temperature=temperature, **changes) == 1


@pytest.mark.parametrize("changes", [{}, {"top_k": 2}, {"top_p": 0.9}, {"logit_bias": {3: -100}}])
@pytest.mark.parametrize("repetition", [5e-324, 1e-300, 1e-40, 1e-38, 1e-37, 1e-20])
def test_the_smallest_repetition_penalties_leave_the_likeliest_seen_token(
    repetition: float, changes: dict[str, Any]
) -> None:
    params = _params(repetition_penalty=repetition, **changes)
    row = Row(np.array([9, 2, 3, 4, -1], dtype=np.float32), params, [1, 2, 4], [], 0)
    assert _sample([row])[0] == [2]


@pytest.mark.parametrize("changes", [{}, {"top_k": 2}, {"top_p": 0.9}, {"min_p": 0.1}])
def test_a_row_of_nan_still_gives_a_token(changes: dict[str, Any]) -> None:
    with np.errstate(invalid="ignore"):
        assert 0 <= _token([float("nan")] * 6, **changes) < 6


def test_the_same_seed_choice_and_position_sample_the_same_token() -> None:
    row = _row(list(np.linspace(0, 1, 50)), seed=2**64 - 1)
    assert _sample([row])[0] == _sample([row])[0]


# -- frequencies -----------------------------------------------------------------------------

_PROBS = [0.30, 0.22, 0.16, 0.12, 0.09, 0.06, 0.03, 0.02]
_CRITICAL = {7: 24.322, 3: 16.266}  # chi-square at level 0.001, by degrees of freedom
_NUM_DRAWS = 20_000

Sampling = Callable[[NDArray[np.float32], list[SampleRow]], list[int]]


def _true_sampler(logits: NDArray[np.float32], draws: list[SampleRow]) -> list[int]:
    return sample(logits, draws)[0]


def _sampler_with_wrong_temperature(
    logits: NDArray[np.float32], draws: list[SampleRow]
) -> list[int]:
    return sample(logits * np.float32(1.1), draws)[0]


def _sampler_that_favours_a_token(logits: NDArray[np.float32], draws: list[SampleRow]) -> list[int]:
    return [0 if i % 20 == 0 else token for i, token in enumerate(sample(logits, draws)[0])]


def _chi_square(sampler: Sampling, draws: list[SampleRow], probs: list[float]) -> float:
    logits = np.tile(np.log(np.array(_PROBS, dtype=np.float32)), (len(draws), 1))
    counts = Counter(sampler(logits, draws))
    assert set(counts) <= set(range(len(probs)))
    expected = [p / sum(probs) * len(draws) for p in probs]
    return sum((counts[i] - e) ** 2 / e for i, e in enumerate(expected))


_ALONG = {
    "seeds": [SampleRow(_params(seed), None, 0, 0) for seed in range(_NUM_DRAWS)],
    "positions": [SampleRow(_params(11), None, 0, position) for position in range(_NUM_DRAWS)],
    "choices": [SampleRow(_params(12), None, choice, 3) for choice in range(_NUM_DRAWS)],
}


@pytest.mark.parametrize("axis", _ALONG)
def test_tokens_come_as_often_as_the_model_says(axis: str) -> None:
    assert _chi_square(_true_sampler, _ALONG[axis], _PROBS) < _CRITICAL[7]


@pytest.mark.parametrize(
    "sampler", [_sampler_with_wrong_temperature, _sampler_that_favours_a_token]
)
@pytest.mark.parametrize("axis", _ALONG)
def test_the_frequency_test_finds_a_wrong_sampler(axis: str, sampler: Sampling) -> None:
    assert _chi_square(sampler, _ALONG[axis], _PROBS) > _CRITICAL[7]


@pytest.mark.parametrize("changes", [{"top_k": 4}, {"top_p": 0.75}, {"min_p": 0.35}])
def test_top_k_keeps_the_proportions_of_its_tokens(changes: dict[str, Any]) -> None:
    draws = [SampleRow(_params(seed, **changes), None, 0, 0) for seed in range(_NUM_DRAWS)]
    assert _chi_square(_true_sampler, draws, _PROBS[:4]) < _CRITICAL[3]


@pytest.mark.parametrize("top_p", [0.1, 0.3, 0.77])
def test_top_p_of_a_flat_distribution_keeps_its_proportions(top_p: float) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 0.7, 1000).astype(np.float32)
    draws = [SampleRow(_params(seed, top_p=top_p), None, 0, 0) for seed in range(_NUM_DRAWS)]
    counts = Counter(sample(np.tile(logits, (len(draws), 1)), draws)[0])
    probs = np.exp(logits.astype(np.float64))
    head = np.argsort(-probs)
    head = head[: int((probs[head].cumsum() < top_p * probs.sum()).sum()) + 1]
    assert set(counts) <= set(head.tolist())
    groups = np.array_split(head, 8)
    expected = [probs[group].sum() / probs[head].sum() * len(draws) for group in groups]
    found = [sum(counts[i] for i in group.tolist()) for group in groups]
    statistic = sum((f - e) ** 2 / e for f, e in zip(found, expected, strict=True))
    assert statistic < _CRITICAL[7]


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_is_an_exponent_of_the_frequencies(temperature: float) -> None:
    draws = [
        SampleRow(_params(seed, temperature=temperature), None, 0, 0) for seed in range(_NUM_DRAWS)
    ]
    probs = [p ** (1 / temperature) for p in _PROBS]
    assert _chi_square(_true_sampler, draws, probs) < _CRITICAL[7]


def test_rows_of_a_large_batch_sample_what_they_sample_alone() -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((7, 2**17), dtype=np.float32)
    params = [
        SamplingParams(
            max_tokens=1,
            seed=i,
            temperature=i % 3,
            top_p=0.9,
            presence_penalty=i % 4,
            num_top_logprobs=i % 2,
        )
        for i in range(7)
    ]
    draws = [
        SampleRow(p, TokenCounts([i]) if p.has_penalties else None, 0, 0)
        for i, p in enumerate(params)
    ]
    alone = [sample(logits[i : i + 1].copy(), draws[i : i + 1]) for i in range(7)]
    tokens, logprobs = sample(logits.copy(), draws)
    assert tokens == [one[0][0] for one in alone]
    assert logprobs == [one[1][0] for one in alone]
