from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.multimodal import vision
from palaver.multimodal.config import PixelBudget
from tests.multimodal.sizes import VISION

BUDGET = PixelBudget(64 * 64, 256 * 256)


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_resized_images_have_whole_tokens_and_stay_within_the_budget(
    height: int, width: int
) -> None:
    if max(height, width) > vision.MAX_ASPECT * min(height, width):
        with pytest.raises(ValueError, match="one side"):
            vision.fitting_size(height, width, 32, BUDGET)
        return
    high, wide = vision.fitting_size(height, width, 32, BUDGET)
    assert high % 32 == wide % 32 == 0
    assert high >= 32 and wide >= 32
    # Such an image is one token wide and has to stay so.
    is_extreme = max(height, width) > 16 * min(height, width)
    assert high * wide <= BUDGET.most or is_extreme


def test_frames_of_a_video_share_one_budget() -> None:
    alone = vision.fitting_size(512, 512, 32, BUDGET)
    shared = vision.fitting_size(512, 512, 32, BUDGET, num_frames=4)
    assert alone == (256, 256)
    assert shared == (128, 128)


def test_a_patch_holds_its_pixels_for_each_colour_and_frame() -> None:
    frames = np.zeros((2, 32, 64, 3), dtype=np.uint8)
    frames[0, 16:, 16:32, 0] = 255  # red, in the fourth patch of the first square
    patches = vision.patches(frames, VISION).reshape(8, 3, 2, 16, 16)
    assert (patches[3, 0, 0] == 1).all()
    patches[3, 0, 0] = -1
    assert (patches == -1).all()


def test_a_still_image_fills_both_frames_of_its_patches() -> None:
    image = np.random.default_rng(0).integers(0, 255, (1, 32, 32, 3)).astype(np.uint8)
    patches = vision.patches(image, VISION).reshape(4, 3, 2, 16, 16)
    assert np.array_equal(patches[:, :, 0], patches[:, :, 1])


@given(st.integers(1, 10), st.integers(1, 10))
def test_interpolation_weights_of_position_embeddings_add_up_to_one(
    rows: int, columns: int
) -> None:
    indices, weights = vision.position_weights(2 * rows, 2 * columns, VISION)
    assert np.allclose(weights.sum(axis=0), 1)
    assert indices.min() >= 0 and indices.max() < VISION.side**2


def test_a_grid_of_the_learnt_size_uses_each_embedding_unchanged() -> None:
    indices, weights = vision.position_weights(VISION.side, VISION.side, VISION)
    mixed = (weights * indices).sum(axis=0)
    assert np.allclose(mixed, np.arange(VISION.side**2))


def test_positions_count_time_row_and_column() -> None:
    assert vision.grid_positions(2, 3, time=7).tolist() == [
        [7, 7, 7, 7, 7, 7],
        [0, 0, 0, 1, 1, 1],
        [0, 1, 2, 0, 1, 2],
    ]
