"""An endless stream of batches, written on the fly by processes in the background."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing.queues import Queue
from queue import Full
from random import Random

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

from palaver_training.render import Rendered, Renderer
from palaver_training.sample import Sample
from palaver_training.skills import SKILLS
from palaver_training.skills.pieces import prefer_rare

PAD_ID = 0
PROMPT_SHARE = 0.15
"""Share of the tokens that the model only reads which it is nevertheless asked to predict."""
PROMPT_WEIGHT = 0.3
"""Weight in the loss of such a token."""
JOINED_SHARE = 0.25
"""Share of conversations that are several samples in a row."""
COUNTED_SAMPLES = 3000
"""Samples that show which tokens are rare, before the first batch is made."""
ALONE = frozenset({"memory", "copying"})
"""Skills whose answers depend on all that was said before, so nothing may come before them."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Conversations of about equal length, padded at their ends.

    Attributes:
        token_ids: (conversations, tokens).
        positions: Indices into the flattened ``token_ids`` whose next token counts in the loss.
        targets: The token after each position.
        weights: The weight of each in the loss.
    """

    token_ids: Tensor
    positions: Tensor
    targets: Tensor
    weights: Tensor


Arrays = tuple[NDArray[numpy.int32], ...]


class Stream:
    """Batches made in background processes.

    ``shares`` holds how often each skill is drawn, in the order of ``SKILLS``; changes take
    effect in the pool that is written next.
    """

    def __init__(
        self, *, batch_tokens: int, pool_size: int, max_tokens: int, seed: int, num_workers: int = 1
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.shares = context.Array("d", [1.0] * len(SKILLS))
        self._queue = context.Queue(maxsize=32)
        self._workers = [
            context.Process(
                target=_work,
                args=(
                    self._queue,
                    self.shares,
                    batch_tokens,
                    pool_size,
                    max_tokens,
                    f"{seed} {worker}",
                ),
                daemon=True,
            )
            for worker in range(num_workers)
        ]
        for process in self._workers:
            process.start()

    def __iter__(self) -> Iterator[Batch]:
        """Batches without end."""
        while True:
            token_ids, positions, targets, weights = self._queue.get(timeout=300)
            yield Batch(
                torch.from_numpy(token_ids).long(),
                torch.from_numpy(positions).long(),
                torch.from_numpy(targets).long(),
                torch.from_numpy(weights),
            )

    def close(self) -> None:
        """Stops the background processes."""
        for process in self._workers:
            process.terminate()
            process.join()


def draw(rng: Random, shares: Sequence[float]) -> Sample:
    """One training sample of a skill drawn by ``shares``, or several in one conversation."""
    skills = list(SKILLS.values())
    last = rng.choices(skills, shares)[0].generate(rng, "train")
    if last.skill in ALONE or not _is_plain(last) or rng.random() > JOINED_SHARE:
        return last
    messages = list(last.messages)
    for _ in range(rng.choice((1, 1, 2, 3))):
        earlier = rng.choices(skills, shares)[0].generate(rng, "train")
        if _is_plain(earlier) and len(earlier.messages) < 6:
            messages = [*earlier.messages, *messages]
            if earlier.skill in ALONE:
                break
    return Sample(last.skill, tuple(messages), (), last.thinking, last.check)


def pad(rendered: Sequence[Rendered], rng: Random) -> Arrays:
    """The arrays of one ``Batch``."""
    width = max(len(r.token_ids) for r in rendered)
    width += -width % 16
    token_ids = numpy.full((len(rendered), width), PAD_ID, dtype=numpy.int32)
    positions: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for row, conversation in enumerate(rendered):
        ids, is_answer = conversation.token_ids, conversation.is_answer
        token_ids[row, : len(ids)] = ids
        answer_weight = token_weight(sum(is_answer))
        for column in range(len(ids) - 1):
            if is_answer[column + 1]:
                weights.append(answer_weight)
            elif rng.random() < PROMPT_SHARE:
                weights.append(answer_weight * PROMPT_WEIGHT)
            else:
                continue
            positions.append(row * width + column)
            targets.append(ids[column + 1])
    return (
        token_ids,
        numpy.asarray(positions, dtype=numpy.int32),
        numpy.asarray(targets, dtype=numpy.int32),
        numpy.asarray(weights, dtype=numpy.float32),
    )


def token_weight(num_answer_tokens: int) -> float:
    """Weight of a token in an answer of that length: long answers count more, but not by far."""
    return float(min(max((24 / max(num_answer_tokens, 1)) ** 0.4, 0.35), 2.0))


def batches(pool: list[Rendered], batch_tokens: int, rng: Random) -> Iterator[Arrays]:
    """The pool in batches of about ``batch_tokens`` tokens, in random order."""
    pool.sort(key=lambda rendered: len(rendered.token_ids))
    groups: list[list[Rendered]] = [[]]
    for rendered in pool:
        if (len(groups[-1]) + 1) * len(rendered.token_ids) > batch_tokens and groups[-1]:
            groups.append([])
        groups[-1].append(rendered)
    rng.shuffle(groups)
    for group in groups:
        yield pad(group, rng)


def answer_counts(renderer: Renderer, rng: Random, shares: Sequence[float]) -> Counter[int]:
    """How often each token stands in an answer of ``COUNTED_SAMPLES`` palaver_training samples."""
    counts: Counter[int] = Counter()
    for _ in range(COUNTED_SAMPLES):
        rendered = renderer.render(draw(rng, shares))
        pairs = zip(rendered.token_ids, rendered.is_answer, strict=True)
        counts.update(token_id for token_id, is_answer in pairs if is_answer)
    return counts


def _is_plain(sample: Sample) -> bool:
    return not sample.tools and sample.messages[0]["role"] == "user"


def _work(
    queue: Queue[Arrays],
    shares: Sequence[float],
    batch_tokens: int,
    pool_size: int,
    max_tokens: int,
    seed: str,
) -> None:
    os.nice(2)
    torch.set_num_threads(1)
    renderer = Renderer()
    prefer_rare(answer_counts(renderer, Random(seed), shares[:]))
    for round_number in count():
        rng = Random(f"{seed} {round_number} {time.time()}")
        # Small pools at first, so that training starts at once.
        size = min(pool_size, 256 << round_number)
        pool: list[Rendered] = []
        while len(pool) < size:
            rendered = renderer.render(draw(rng, shares[:]))
            if len(rendered.token_ids) <= max_tokens:
                pool.append(rendered)
        for batch in batches(pool, batch_tokens, rng):
            if not _put(queue, batch):
                return


def _put(queue: Queue[Arrays], batch: Arrays) -> bool:
    """Waits for room in the queue; ``False`` when no process is left to read it."""
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        try:
            queue.put(batch, timeout=5)
        except Full:
            continue
        return True
    return False
