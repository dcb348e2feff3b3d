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

from palaver_training.multimodal import spectrogram, vision
from palaver_training.multimodal.placement import Span
from palaver_training.multimodal.preprocessor import TokenizedSample
from palaver_training.multimodal.vision import VisionConfig

_STRETCH = 1.5
"""How much longer than the shortest the longest conversation of a group may be."""


@dataclass(frozen=True, slots=True)
class VisionInputs:
    """N images or steps of a video, one after another.

    Attributes:
        patches: ``float32[patches, values]``.
        corners: ``int64[patches, 4]``, position embeddings that are interpolated for each patch.
        shares: ``float32[patches, 4]``, how much of each.
        angles: ``float32[patches, head size / 2]``, of the rotary embedding.
        groups: For images of the same number of patches P, ``int64[images, P]``: their indices.
        grids: ``int64[N, 3]``, steps in time, rows and columns.
    """

    patches: Tensor
    corners: Tensor
    shares: Tensor
    angles: Tensor
    groups: list[Tensor]
    grids: Tensor


@dataclass(frozen=True, slots=True)
class AudioInputs:
    """Pieces of audio, cut into S seconds.

    Attributes:
        mel: ``float32[S, 128, 100]``.
        is_token: ``bool[S, 13]``, ``False`` behind the end of a piece.
        num_frames: ``int64[N]``, frames of each piece.
    """

    mel: Tensor
    is_token: Tensor
    num_frames: Tensor

    def whole(self) -> tuple[Tensor, Tensor]:
        """``float32[128, frames]`` of all pieces one after another, and the frames of each."""
        parts, first = [], 0
        for num in self.num_frames.tolist():
            chunks = self.mel[first : first - (-num // spectrogram.CHUNK_FRAMES)]
            parts.append(chunks.transpose(0, 1).flatten(1)[:, :num])
            first += len(chunks)
        return torch.cat(parts, dim=1), self.num_frames

    def ends(self) -> Tensor:
        """``int64[S]``: frames of each second that the model is fed: all of them, except where a
        piece is shorter than one.
        """
        full = spectrogram.CHUNK_FRAMES
        counts = [[min(num, full)] * -(-num // full) for num in self.num_frames.tolist()]
        return torch.tensor([count for of_piece in counts for count in of_piece])


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch of B conversations of up to T tokens.

    Attributes:
        token_ids: ``int64[B, T]``.
        positions: ``int64[3, B, T]``.
        is_answer: ``bool[B, T]``, tokens that are predicted from those before them.
        vision: All images and frames, or ``None``.
        is_vision: ``bool[B, T]``, tokens that stand for patches.
        audio: All pieces of audio, or ``None``.
        is_audio: ``bool[B, T]``, tokens that stand for audio.
    """

    token_ids: Tensor
    positions: Tensor
    is_answer: Tensor
    vision: VisionInputs | None
    is_vision: Tensor
    audio: AudioInputs | None
    is_audio: Tensor


def buckets(samples: Sequence[TokenizedSample]) -> list[list[TokenizedSample]]:
    """The conversations in groups of about equal length, which need little padding."""
    groups: list[list[TokenizedSample]] = []
    for sample in sorted(samples, key=len):
        if not groups or len(sample) > _STRETCH * len(groups[-1][0]):
            groups.append([])
        groups[-1].append(sample)
    return groups


def collate(samples: Sequence[TokenizedSample], config: VisionConfig) -> Inputs:
    """A batch; shorter conversations end in padding, which nothing before it attends to."""
    length = max(len(sample) for sample in samples)
    ids = torch.zeros(len(samples), length, dtype=torch.int64)
    positions = torch.zeros(3, len(samples), length, dtype=torch.int64)
    is_answer = torch.zeros(len(samples), length, dtype=torch.bool)
    is_vision, is_audio = is_answer.clone(), is_answer.clone()
    spans: list[Span] = []
    mels: list[NDArray[Any]] = []
    for i, sample in enumerate(samples):
        num = len(sample)
        ids[i, :num] = torch.tensor(sample.token_ids)
        positions[:, i, :num] = torch.from_numpy(sample.positions)
        is_answer[i, :num] = torch.tensor(sample.is_answer)
        mels += sample.mels
        for span in sample.spans:
            (is_audio if span.kind == "audio" else is_vision)[i, span.begin : span.end] = True
            spans += [span] if span.kind != "audio" else []
    return Inputs(
        token_ids=ids,
        positions=positions,
        is_answer=is_answer,
        vision=vision_inputs(_frames(spans), config) if spans else None,
        is_vision=is_vision,
        audio=_audio_inputs(mels) if mels else None,
        is_audio=is_audio,
    )


def vision_inputs(contents: Sequence[NDArray[np.uint8]], config: VisionConfig) -> VisionInputs:
    """Images and steps of a video, ``uint8[frames, height, width, 3]`` each, as one batch."""
    grids = [(c.shape[1] // config.patch_size, c.shape[2] // config.patch_size) for c in contents]
    sizes = [rows * columns for rows, columns in grids]
    placed = [_placed(rows, columns, config) for rows, columns in grids]
    corners, shares, angles = (
        torch.from_numpy(np.concatenate(parts)) for parts in zip(*placed, strict=True)
    )
    patches = np.concatenate([vision.patches(content, config) for content in contents])
    return VisionInputs(
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


def _frames(spans: Sequence[Span]) -> list[NDArray[np.uint8]]:
    return [span.frames for span in spans if span.frames is not None]


@cache
def _placed(rows: int, columns: int, config: VisionConfig) -> tuple[NDArray[Any], ...]:
    indices, parts = vision.position_weights(rows, columns, config)
    return (
        vision.in_merge_order(indices.T, rows, columns, config),
        vision.in_merge_order(parts.T, rows, columns, config),
        vision.rotary_angles(rows, columns, config),
    )


def _audio_inputs(mels: Sequence[NDArray[Any]]) -> AudioInputs:
    seconds, masks = [], []
    for mel in mels:
        width = -mel.shape[1] % spectrogram.CHUNK_FRAMES
        chunks = spectrogram.in_chunks(np.pad(mel, ((0, 0), (0, width))))
        seconds.append(chunks)
        num = spectrogram.num_tokens(mel.shape[1])
        masks.append(spectrogram.token_mask(num, len(chunks), spectrogram.CHUNK_FRAMES))
    return AudioInputs(
        mel=torch.from_numpy(np.concatenate(seconds)),
        is_token=torch.from_numpy(np.concatenate(masks)),
        num_frames=torch.tensor([mel.shape[1] for mel in mels]),
    )
