"""Batches drawn by processes in the background: a GPU computes faster than one core draws."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from random import Random

from palaver.engine.request import Prompt
from training.render import Renderer
from training.senses.reading import Read, Reader
from training.senses.skills import SENSES
from training.skills import SKILLS

_AHEAD = 3
"""Batches that each process has waiting for it."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What batches are made of.

    Attributes:
        shares: How often each sense is drawn, relative to the others.
        num: Conversations in a batch.
        text_share: How many of them have no media, 0 to 1.
        max_text_tokens: Longer ones without media are left out.
    """

    shares: Mapping[str, float]
    num: int
    text_share: float
    max_text_tokens: int


class Drawer:
    """Draws batches in this process."""

    def __init__(self) -> None:
        self.reader, self._renderer = Reader(), Renderer()

    def batch(self, mix: Mix, seed: int) -> list[Read]:
        """The batch of a seed."""
        rng = Random(seed)
        reads = []
        for _ in range(mix.num):
            if rng.random() < mix.text_share:
                reads.append(self._text(rng, mix.max_text_tokens))
            else:
                (name,) = rng.choices(list(mix.shares), list(mix.shares.values()))
                reads.append(self.reader.read(SENSES[name].draw(rng, "train")))
        return reads

    def _text(self, rng: Random, max_tokens: int) -> Read:
        """A conversation without media, of the skills that the model has."""
        while True:
            skill = rng.choice(list(SKILLS.values()))
            rendered = self._renderer.render(skill.generate(rng, "train"))
            if len(rendered.token_ids) <= max_tokens:
                prompt = Prompt(rendered.token_ids)
                return Read(rendered.skill, prompt, rendered.num_prompt_tokens)


class Stream:
    """Batches without end, drawn ahead; the mix may change on the way.

    Args:
        mix: What they are made of.
        num_processes: How many draw; 0 draws in this process.
        seed: The first batch's.
    """

    def __init__(self, mix: Mix, num_processes: int, seed: int) -> None:
        self.mix = mix
        self._seed = seed
        self._drawer = None if num_processes else Drawer()
        self._num_ahead = _AHEAD * num_processes
        self._waiting: deque[Future[list[Read]]] = deque()
        self._pool = (
            ProcessPoolExecutor(num_processes, multiprocessing.get_context("spawn"), _begin)
            if num_processes
            else None
        )

    def __iter__(self) -> Iterator[list[Read]]:
        """The batches."""
        while True:
            if self._drawer:
                yield self._drawer.batch(self.mix, self._next_seed())
                continue
            assert self._pool is not None
            while len(self._waiting) < self._num_ahead:
                self._waiting.append(self._pool.submit(_draw, self.mix, self._next_seed()))
            yield self._waiting.popleft().result()

    def close(self) -> None:
        """End the processes."""
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed


_drawers: list[Drawer] = []


def _begin() -> None:
    _drawers.append(Drawer())


def _draw(mix: Mix, seed: int) -> list[Read]:
    return _drawers[0].batch(mix, seed)
