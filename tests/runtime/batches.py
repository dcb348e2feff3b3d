"""Batches for a runtime, written by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from palaver.runtime.base import Logits, Runtime, StepBatch


@dataclass(frozen=True)
class Part:
    """One sequence's part of a step: its tokens, how many came before, and its cache blocks."""

    token_ids: list[int]
    past: int
    blocks: list[int]


def step(runtime: Runtime, *parts: Part) -> Logits:
    """Run one step; returns a row of logits for the last token of each part."""
    return runtime.step(batch(runtime, *parts)).copy()


def batch(runtime: Runtime, *parts: Part) -> StepBatch:
    """A batch that wants a row of logits for the last token of each part."""
    size = runtime.shape.block_size_tokens
    lengths = [part.past + len(part.token_ids) for part in parts]
    tables = [
        part.blocks[: -(-length // size)] for part, length in zip(parts, lengths, strict=True)
    ]
    begins = np.cumsum([0, *(len(part.token_ids) for part in parts)])
    positions = [np.arange(p.past, n) for p, n in zip(parts, lengths, strict=True)]
    return StepBatch(
        token_ids=np.array([i for part in parts for i in part.token_ids], dtype=np.int64),
        position_ids=np.concatenate(positions).astype(np.int64),
        past_lens=np.array([part.past for part in parts], dtype=np.int32),
        subsequence_begins=begins.astype(np.int32),
        block_indices=np.array([i for table in tables for i in table], dtype=np.int32),
        block_indices_begins=np.cumsum([0, *map(len, tables)]).astype(np.int32),
        max_context_len=max(lengths),
        sampled_indices=(begins[1:] - 1).astype(np.int64),
    )
