"""Conversations with media as one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from palaver.generation.request import Span
from palaver.multimodal import audio, vision
from palaver.multimodal.config import MultimodalConfig, VisionConfig
from training.multimodal.reading import Read

_STRETCH = 1.5
"""How much longer than the shortest the longest conversation of a group may be."""


@dataclass(frozen=True, slots=True)
class Seen:
    """N pictures or steps of a video, one after another.

    Attributes:
        patches: ``float32[patches, values]``.
        corners: ``int64[patches, 4]``, position embeddings that each patch mixes.
        shares: ``float32[patches, 4]``, how much of each.
        angles: ``float32[patches, head size / 2]``, what the rotary embedding turns by.
        groups: For pictures of the same number of patches P, ``int64[pictures, P]``: where theirs are.
        grids: ``int64[N, 3]``, steps in time, rows and columns.
    """

    patches: Tensor
    corners: Tensor
    shares: Tensor
    angles: Tensor
    groups: list[Tensor]
    grids: Tensor


@dataclass(frozen=True, slots=True)
class Heard:
    """Sounds, cut into S seconds.

    Attributes:
        mel: ``float32[S, 128, 100]``.
        is_token: ``bool[S, 13]``, ``False`` behind a sound's end.
        num_frames: ``int64[N]``, frames of each sound.
    """

    mel: Tensor
    is_token: Tensor
    num_frames: Tensor

    def whole(self) -> tuple[Tensor, Tensor]:
        """``float32[128, frames]`` of all sounds one after another, and the frames of each."""
        parts, first = [], 0
        for num in self.num_frames.tolist():
            chunks = self.mel[first : first - (-num // audio.CHUNK_FRAMES)]
            parts.append(chunks.transpose(0, 1).flatten(1)[:, :num])
            first += len(chunks)
        return torch.cat(parts, dim=1), self.num_frames

    def ends(self) -> Tensor:
        """``int64[S]``: frames of each second that the model is fed: all of them, except where a
        sound is shorter than one.
        """
        full = audio.CHUNK_FRAMES
        counts = [[min(num, full)] * -(-num // full) for num in self.num_frames.tolist()]
        return torch.tensor([count for of_sound in counts for count in of_sound])


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch of B conversations of up to T tokens.

    Attributes:
        token_ids: ``int64[B, T]``.
        positions: ``int64[3, B, T]``.
        is_answer: ``bool[B, T]``, tokens that are predicted from those before them.
        seen: All pictures and frames, or ``None``.
        is_seen: ``bool[B, T]``, tokens that stand for patches.
        heard: All sounds, or ``None``.
        is_heard: ``bool[B, T]``, tokens that stand for sound.
    """

    token_ids: Tensor
    positions: Tensor
    is_answer: Tensor
    seen: Seen | None
    is_seen: Tensor
    heard: Heard | None
    is_heard: Tensor


def buckets(reads: Sequence[Read]) -> list[list[Read]]:
    """The conversations in groups of about equal length, so that little is padding."""
    groups: list[list[Read]] = []
    for read in sorted(reads, key=lambda read: len(read.prompt)):
        if not groups or len(read.prompt) > _STRETCH * len(groups[-1][0].prompt):
            groups.append([])
        groups[-1].append(read)
    return groups


def collate(reads: Sequence[Read], senses: MultimodalConfig) -> Inputs:
    """A batch; shorter conversations end in padding, which nothing before it attends to."""
    length = max(len(read.prompt) for read in reads)
    ids = torch.zeros(len(reads), length, dtype=torch.int64)
    positions = torch.zeros(3, len(reads), length, dtype=torch.int64)
    is_answer = torch.zeros(len(reads), length, dtype=torch.bool)
    is_seen, is_heard = is_answer.clone(), is_answer.clone()
    spans: list[Span] = []
    mels: list[NDArray[Any]] = []
    for i, read in enumerate(reads):
        num = len(read.prompt)
        ids[i, :num] = torch.tensor(read.prompt.token_ids)
        positions[:, i, :num] = torch.from_numpy(read.prompt.rope_ids(0, num))
        is_answer[i, :num] = torch.tensor(read.is_answer)
        mels += read.mels
        for span in read.prompt.spans:
            (is_heard if span.kind == "audio" else is_seen)[i, span.begin : span.end] = True
            spans += [span] if span.kind != "audio" else []
    return Inputs(
        token_ids=ids,
        positions=positions,
        is_answer=is_answer,
        seen=seen_of(_contents(spans), senses.vision) if spans else None,
        is_seen=is_seen,
        heard=_heard(mels) if mels else None,
        is_heard=is_heard,
    )


def seen_of(contents: Sequence[NDArray[np.uint8]], config: VisionConfig) -> Seen:
    """Pictures and steps of a video, ``uint8[frames, height, width, 3]`` each, as one batch."""
    grids = [(c.shape[1] // config.patch_size, c.shape[2] // config.patch_size) for c in contents]
    sizes = [rows * columns for rows, columns in grids]
    placed = [_placed(rows, columns, config) for rows, columns in grids]
    corners, shares, angles = (
        torch.from_numpy(np.concatenate(parts)) for parts in zip(*placed, strict=True)
    )
    patches = np.concatenate([vision.patches(content, config) for content in contents])
    return Seen(
        patches=torch.from_numpy(patches),
        corners=corners,
        shares=shares,
        angles=angles,
        groups=_groups(sizes),
        grids=torch.tensor([(1, *grid) for grid in grids]),
    )


def _groups(sizes: Sequence[int]) -> list[Tensor]:
    begins = np.cumsum([0, *sizes[:-1]])
    return [
        torch.stack(
            [torch.arange(b, b + n) for b, n in zip(begins, sizes, strict=True) if n == size]
        )
        for size in sorted(set(sizes))
    ]


def _contents(spans: Sequence[Span]) -> list[NDArray[np.uint8]]:
    return [span.content.numpy() for span in spans if span.content is not None]


@cache
def _placed(rows: int, columns: int, config: VisionConfig) -> tuple[NDArray[Any], ...]:
    indices, parts = vision.position_weights(rows, columns, config)
    return (
        vision.in_merge_order(indices.T, rows, columns, config),
        vision.in_merge_order(parts.T, rows, columns, config),
        vision.rotary_angles(rows, columns, config),
    )


def _heard(mels: Sequence[NDArray[Any]]) -> Heard:
    seconds, masks = [], []
    for mel in mels:
        width = -mel.shape[1] % audio.CHUNK_FRAMES
        chunks = audio.in_chunks(np.pad(mel, ((0, 0), (0, width))))
        seconds.append(chunks)
        num = audio.num_tokens(mel.shape[1])
        masks.append(audio.token_mask(num, len(chunks), audio.CHUNK_FRAMES))
    return Heard(
        mel=torch.from_numpy(np.concatenate(seconds)),
        is_token=torch.from_numpy(np.concatenate(masks)),
        num_frames=torch.tensor([mel.shape[1] for mel in mels]),
    )
