"""The input of Qwen3's vision encoders: sizes, patches, positions.

An image becomes patches of 16 by 16 pixels, ordered by the squares of 2 by 2 patches that the
encoder merges into one token. A patch of a video covers two frames (a temporal patch).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from palaver.multimodal.config import PixelBudget, VisionConfig

_ROPE_BASE = 10_000.0
MAX_ASPECT = 200


def fitting_size(
    height: int, width: int, factor: int, budget: PixelBudget, num_frames: int = 1
) -> tuple[int, int]:
    """Height and width, multiples of ``factor``, that keep the shape and the budget.

    Args:
        height: Height of the original.
        width: Width of the original.
        factor: Pixels along each side of a token.
        budget: Pixels of all frames together.
        num_frames: Frames that share the budget, a multiple of the frames of a patch.

    Raises:
        ValueError: One side is more than 200 times the other.
    """
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise ValueError(
            f"has {width} x {height} pixels; one side may be {MAX_ASPECT} times as long"
        )
    high, wide = max(round(height / factor), 1) * factor, max(round(width / factor), 1) * factor
    if num_frames * high * wide > budget.most:
        shrink = math.sqrt(num_frames * height * width / budget.most)
        high = max(factor, math.floor(height / shrink / factor) * factor)
        wide = max(factor, math.floor(width / shrink / factor) * factor)
    elif num_frames * high * wide < budget.least:
        grow = math.sqrt(budget.least / (num_frames * height * width))
        high = math.ceil(height * grow / factor) * factor
        wide = math.ceil(width * grow / factor) * factor
    return high, wide


def resize(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """``uint8[height, width, 3]``, interpolated bicubically where the size differs."""
    if pixels.shape[:2] == (height, width):
        return pixels
    image = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


def patches(frames: NDArray[np.uint8], vision: VisionConfig) -> NDArray[np.float32]:
    """The frames of one temporal patch as the encoder takes them: ``float32[patches, values]``.

    Args:
        frames: ``uint8[N, height, width, 3]``, as many as a patch covers; if fewer, the last one is
            repeated.
        vision: The encoder's sizes.
    """
    size, merge, num = vision.patch_size, vision.merge_size, vision.num_frames
    mean, std = np.array(vision.mean, np.float32), np.array(vision.std, np.float32)
    values = np.asarray((frames.astype(np.float32) / 255 - mean) / std, dtype=np.float32)
    if len(values) < num:
        values = np.concatenate([values, np.repeat(values[-1:], num - len(values), axis=0)])
    rows, columns = frames.shape[1] // vision.factor, frames.shape[2] // vision.factor
    # frame, row, row in it, y, column, column in it, x, colour
    cut = values.reshape(num, rows, merge, size, columns, merge, size, 3)
    ordered = cut.transpose(1, 4, 2, 5, 7, 0, 3, 6)
    return np.ascontiguousarray(ordered).reshape(rows * columns * merge**2, -1)


def position_weights(
    rows: int, columns: int, vision: VisionConfig
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The indices of the position embeddings that are mixed for each patch, and their weights.

    The learnt embeddings form a square grid; for other grids they are interpolated bilinearly.

    Returns:
        ``int64[4, rows * columns]`` and ``float32[4, rows * columns]``, row after row.
    """
    last = vision.side - 1
    y = np.linspace(0, last, rows, dtype=np.float32)
    x = np.linspace(0, last, columns, dtype=np.float32)
    top, left = y.astype(np.int64), x.astype(np.int64)
    bottom, right = np.minimum(top + 1, last), np.minimum(left + 1, last)
    down, across = (y - top)[:, None], (x - left)[None]
    corners = ((top, left), (top, right), (bottom, left), (bottom, right))
    indices = np.stack([(a[:, None] * vision.side + b[None]).ravel() for a, b in corners])
    shares = ((1 - down) * (1 - across), (1 - down) * across, down * (1 - across), down * across)
    return indices, np.stack([share.ravel() for share in shares]).astype(np.float32)


def rotary_angles(rows: int, columns: int, vision: VisionConfig) -> NDArray[np.float32]:
    """``float32[patches, head size / 2]``: the angles of the encoder's rotary embedding."""
    half = vision.head_size // 2
    frequencies = 1 / np.float32(_ROPE_BASE) ** (np.arange(0, half, 2, dtype=np.float32) / half)
    places = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1)
    merged = in_merge_order(places.reshape(rows * columns, 2), rows, columns, vision)
    angles = (merged[:, :, None] * frequencies).reshape(rows * columns, -1)
    return np.asarray(angles, dtype=np.float32)


def in_merge_order(
    values: NDArray[Any], rows: int, columns: int, vision: VisionConfig
) -> NDArray[Any]:
    """``[rows * columns, …]`` reordered by the squares of patches that become one token."""
    merge = vision.merge_size
    squares = values.reshape(rows // merge, merge, columns // merge, merge, -1)
    return squares.transpose(0, 2, 1, 3, 4).reshape(rows * columns, -1)


def grid_positions(rows: int, columns: int, time: int = 0) -> NDArray[np.int32]:
    """``int32[3, rows * columns]``: time, row and column of each token of one temporal patch."""
    times = np.full(rows * columns, time)
    return np.stack(
        [times, np.repeat(np.arange(rows), columns), np.tile(np.arange(columns), rows)]
    ).astype(np.int32)
