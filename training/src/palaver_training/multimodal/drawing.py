"""Batches drawn by processes in the background, each of one kind of media."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.queues import Queue
from queue import Full
from random import Random
from typing import Any, Literal, TypeAlias

from palaver_training.multimodal.preprocessor import Preprocessor, TokenizedSample
from palaver_training.multimodal.sample import joined
from palaver_training.multimodal.skills import MEDIA_SKILLS

Kind: TypeAlias = Literal["image", "video", "audio", "both"]

BATCHES: dict[Kind, int] = {"image": 64, "video": 16, "audio": 18, "both": 8}
"""Conversations of each kind in a step, drawn of the kind's skills."""
_JOINED_SHARE = 0.12
"""Conversations about two things in a row."""
_AHEAD = 6


@dataclass(frozen=True, slots=True)
class Step:
    """What one update of the weights learns from: by kind, conversations of about equal length."""

    groups: dict[Kind, list[TokenizedSample]]


def kind_of(name: str) -> Kind:
    """Which kind of media the samples of a skill have."""
    first = name.removeprefix("mixed ").partition(" ")[0]
    if name == "mixed colour":
        return "both"
    kinds: dict[str, Kind] = {
        "video": "video",
        "sound": "audio",
        "melody": "audio",
        "heard": "audio",
    }
    return kinds.get(first, "image")


class Drawer:
    """Draws steps.

    Args:
        seed: Draws differ between seeds.
        scale: Conversations in a step, relative to :data:`BATCHES`.
    """

    def __init__(self, seed: str, scale: float = 1.0) -> None:
        self._preprocessor, self._rng, self._scale = Preprocessor(), Random(seed), scale

    def step(self, shares: Mapping[str, float]) -> Step:
        """The next step, each skill drawn by its share of those of its kind."""
        groups: dict[Kind, list[TokenizedSample]] = {}
        for kind, num in BATCHES.items():
            names = [name for name in shares if kind_of(name) == kind]
            if names:
                weights = [shares[name] for name in names]
                chosen = self._rng.choices(names, weights, k=max(round(num * self._scale), 1))
                groups[kind] = [self._sample(name, names, weights) for name in chosen]
        return Step(groups)

    def _sample(self, name: str, names: list[str], weights: list[float]) -> TokenizedSample:
        media_sample = MEDIA_SKILLS[name].draw(self._rng, "train")
        if self._rng.random() < _JOINED_SHARE and not media_sample.sample.tools:
            (other,) = self._rng.choices(names, weights)
            media_sample = joined(media_sample, MEDIA_SKILLS[other].draw(self._rng, "train"))
        return self._preprocessor.process(media_sample)


class Stream:
    """Steps without end, drawn ahead; ``shares`` may change on the way.

    Args:
        names: The skills.
        num_processes: How many draw.
        seed: Draws differ between seeds.
        scale: Conversations in a step, relative to :data:`BATCHES`.
    """

    def __init__(self, names: list[str], num_processes: int, seed: str, scale: float = 1.0) -> None:
        context = multiprocessing.get_context("spawn")
        self.names = names
        self._shares = context.Array("d", [MEDIA_SKILLS[name].weight for name in names])
        self._queue: Queue[Step] = context.Queue(maxsize=_AHEAD)
        self._processes = [
            context.Process(
                target=_work,
                args=(self._queue, names, self._shares, f"{seed} {i}", scale),
                daemon=True,
            )
            for i in range(num_processes)
        ]
        for process in self._processes:
            process.start()

    def set_shares(self, shares: Mapping[str, float]) -> None:
        """How often each skill is drawn from now on."""
        self._shares[:] = [shares[name] for name in self.names]

    def __iter__(self) -> Iterator[Step]:
        """The steps."""
        while True:
            yield self._queue.get(timeout=300)

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.terminate()
            process.join()


def _work(queue: Queue[Step], names: list[str], shares: Any, seed: str, scale: float) -> None:
    os.nice(2)
    drawer = Drawer(seed, scale)
    parent = multiprocessing.parent_process()
    while True:
        step = drawer.step(dict(zip(names, shares[:], strict=True)))
        while True:
            if parent is not None and not parent.is_alive():
                return
            try:
                queue.put(step, timeout=5)
                break
            except Full:
                continue
