"""One step of the model: chunks in, logits out."""

from __future__ import annotations

import time
from dataclasses import dataclass

from palaver.engine.batch import make_batch
from palaver.engine.chunk import Chunk
from palaver.engine.grammar.masks import MaskMaker, Masks
from palaver.engine.hidden_states import HiddenStates, take_hidden_states
from palaver.runtime.base import Logits, Runtime


@dataclass(frozen=True, slots=True)
class ModelRun:
    """What the model computed in one step.

    Attributes:
        logits: ``float32[R, V]``, the rows that the chunks need, in their order; valid until the
            next step.
        masks: For each answer with a grammar, the tokens that it allows next.
        hidden_states: Of media, for the requests that want them.
        model_s: Seconds that the model took.
    """

    logits: Logits
    masks: Masks
    hidden_states: list[HiddenStates]
    model_s: float


class ModelRunner:
    """Runs the model over a step's chunks, and computes the grammars' masks at the same time.

    Args:
        runtime: The model.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._masks = MaskMaker(runtime.shape.vocab_size)

    def run(self, chunks: list[Chunk]) -> ModelRun:
        """Compute one step; the caller then calls :meth:`Scheduler.note_computed`."""
        batch = make_batch(chunks, self._runtime.shape.block_size_tokens)
        masks = self._masks.start(
            [
                chunk.sequence.constraint
                for chunk in chunks
                if chunk.num_rows and chunk.sequence.constraint and not chunk.sequence.finish
            ]
        )
        begun = time.perf_counter()
        logits = self._runtime.step(batch)
        model_s = time.perf_counter() - begun
        hidden_states = take_hidden_states(chunks, self._runtime)
        return ModelRun(logits, masks.result(), hidden_states, model_s)
