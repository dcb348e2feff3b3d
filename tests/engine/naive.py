"""The reference for the paged engine: each request alone, without any reuse of the cache.

The prompt is computed in one step and each token of the answer in its own step, over a cache that
nothing else ever used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from palaver.engine.engine import Engine
from palaver.engine.sampling.kernels import kernels_for
from palaver.engine.sampling.penalties import TokenCounts
from palaver.engine.sampling.sampler import Sampler, SampleRow
from palaver.generation.output import TokenLogprobs, TokenOutput
from palaver.generation.request import GenerationRequest
from palaver.runtime.base import Logits, Runtime, StepBatch
from palaver.runtime.fake import FakeRuntime

BLOCK_SIZE = 4
STOP = 3
VOCAB = 64
_MAX_STEPS = 20_000

Token = tuple[int, str | None, TokenLogprobs | None]
Answers = dict[tuple[int, int], list[Token]]


def fake_runtime(num_blocks: int = 64) -> FakeRuntime:
    """The runtime that all tests of the engine use."""
    return FakeRuntime(VOCAB, BLOCK_SIZE, num_blocks, eos_token_id=STOP)


def naive_answers(
    request: GenerationRequest, new_runtime: Callable[[int], Runtime] = fake_runtime
) -> Answers:
    """The answers to a request by (request id, choice)."""
    return {
        (request.request_id, choice): _naive_choice(request, choice, new_runtime)
        for choice in range(request.num_choices)
    }


def run(engine: Engine, requests: Iterable[GenerationRequest], concurrency: int = 1000) -> Answers:
    """All answers of an engine that has at most ``concurrency`` requests at a time."""
    answers: Answers = {}
    todo = list(requests)
    for _ in range(_MAX_STEPS):
        if not (todo or engine.num_requests):
            return answers
        while todo and engine.num_requests < concurrency:
            engine.add(todo.pop(0))
        collect(answers, engine.step().tokens)
        engine.check_integrity()
    raise AssertionError("the engine makes no progress")


def collect(answers: Answers, tokens: Iterable[TokenOutput]) -> None:
    """Append the tokens of a step to their answers."""
    for token in tokens:
        answer = answers.setdefault((token.request_id, token.choice), [])
        answer.append((token.token_id, token.finish, token.logprobs))


def drain(engine: Engine) -> None:
    """Step until there is nothing to do, cache warm-up included."""
    for _ in range(_MAX_STEPS):
        if not engine.has_work:
            return
        engine.step()
        engine.check_integrity()
    raise AssertionError("the engine makes no progress")


def _naive_choice(
    request: GenerationRequest, choice: int, new_runtime: Callable[[int], Runtime]
) -> list[Token]:
    params = request.params
    prompt = request.prompt.token_ids
    answer: list[int] = []
    tokens: list[Token] = []
    while True:
        logits = _recompute(prompt, answer, new_runtime)
        sampler = Sampler(kernels_for(logits.shape[1]))
        counts = _counts(prompt, answer) if params.has_penalties else None
        (token_id,), (logprobs,) = sampler.sample(
            logits, [SampleRow(params, counts, choice, len(answer))]
        )
        answer.append(token_id)
        is_last = len(answer) == params.max_tokens
        finish = "stop" if token_id in params.stop_token_ids else "length" if is_last else None
        tokens.append((token_id, finish, logprobs))
        if finish:
            return tokens


def _counts(prompt: list[int], answer: list[int]) -> TokenCounts:
    counts = TokenCounts(prompt)
    for token_id in answer:
        counts.add(token_id)
    return counts


def _recompute(
    prompt: list[int], answer: list[int], new_runtime: Callable[[int], Runtime]
) -> Logits:
    num_blocks = -(-(len(prompt) + len(answer)) // BLOCK_SIZE)
    runtime = new_runtime(num_blocks)
    logits = _step(runtime, prompt, 0)
    for past, token_id in enumerate(answer, start=len(prompt)):
        logits = _step(runtime, [token_id], past)
    return logits.copy()


def _step(runtime: Runtime, token_ids: list[int], past: int) -> Logits:
    end = past + len(token_ids)
    num_blocks = -(-end // BLOCK_SIZE)
    return runtime.step(
        StepBatch(
            token_ids=np.array(token_ids, dtype=np.int64),
            position_ids=np.arange(past, end, dtype=np.int64),
            past_lens=np.array([past], dtype=np.int32),
            subsequence_begins=np.array([0, len(token_ids)], dtype=np.int32),
            block_indices=np.arange(num_blocks, dtype=np.int32),
            block_indices_begins=np.array([0, num_blocks], dtype=np.int32),
            max_context_len=end,
            sampled_indices=np.array([len(token_ids) - 1], dtype=np.int64),
        )
    )
