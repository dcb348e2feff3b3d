from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from palaver.multimodal.config import PixelBudget
from palaver.multimodal.media import Audio, Detail, Image, Video
from palaver.multimodal.placement import MediaItem
from palaver.multimodal.registry import rules_of
from tests.multimodal.sizes import config_of

OMNI = rules_of(config_of("qwen3_omni"))
VL = rules_of(config_of("qwen3_vl"))


def image(height: int = 64, width: int = 96, seed: int = 0) -> Image:
    rng = np.random.default_rng(seed)
    return Image(rng.integers(0, 255, (height, width, 3)).astype(np.uint8))


def video(num_frames: int = 6, interval_s: float = 0.5) -> Video:
    frames = np.stack([image(64, 64, i).pixels for i in range(num_frames)])
    times_s = np.linspace(0, (num_frames - 1) * interval_s, num_frames, dtype=np.float64)
    return Video(frames, times_s)


def hashes(placed: MediaItem) -> list[bytes]:
    return [piece.content_hash for run in placed.segments for piece in run.chunks]


def test_an_image_takes_a_token_for_each_32_by_32_pixels() -> None:
    (run,) = OMNI.place(image(64, 96)).segments
    assert run.num_tokens == 6
    assert run.positions.max(axis=1).tolist() == [0, 1, 2]


def test_equal_images_have_equal_hashes_and_different_ones_have_not() -> None:
    same = hashes(OMNI.place(image(seed=1)))
    assert hashes(OMNI.place(image(seed=1))) == same
    assert hashes(OMNI.place(image(seed=2))) != same


def test_images_of_equal_bytes_but_different_shape_have_different_hashes() -> None:
    flat = np.zeros((64, 128, 3), dtype=np.uint8)
    assert hashes(OMNI.place(Image(flat))) != hashes(OMNI.place(Image(flat.reshape(128, 64, 3))))


@pytest.mark.spec("S08")
def test_detail_bounds_the_tokens_of_an_image() -> None:
    config = config_of()
    large = Image(np.zeros((3000, 3000, 3), dtype=np.uint8))
    vision = replace(config.vision, image=PixelBudget(64 * 64, 4096 * 4096))
    family = rules_of(replace(config, vision=vision))
    details: tuple[Detail, ...] = ("low", "auto", "high")
    nums = [family.place(large, detail).segments[0].num_tokens for detail in details]
    assert nums == [256, 1024, 4096]


def test_positions_of_a_video_advance_in_time() -> None:
    (run,) = OMNI.place(video(6)).segments
    assert len(run.chunks) == 3
    assert sorted(set(run.positions[0].tolist())) == [0, 13, 26]


def test_positions_of_slower_frames_are_farther_apart() -> None:
    (run,) = OMNI.place(video(4, interval_s=2)).segments
    assert sorted(set(run.positions[0].tolist())) == [0, 52]


def test_an_odd_last_frame_is_a_chunk_of_its_own() -> None:
    (run,) = OMNI.place(video(5)).segments
    assert [len(piece.content) for piece in run.chunks] == [2, 2, 1]


def test_timestamps_of_a_video_stand_before_its_frames() -> None:
    placed = VL.place(video(5))
    assert placed.text == "".join(
        f"<{time} seconds><|vision_start|><|video_pad|><|vision_end|>"
        for time in ("0.2", "1.2", "2.0")
    )
    assert [run.positions[0].max() for run in placed.segments] == [0, 0, 0]


def test_long_audio_is_cut_into_chunks_of_ten_seconds() -> None:
    (run,) = OMNI.place(Audio(np.zeros(16_000 * 25, dtype=np.float32))).segments
    assert [piece.num_tokens for piece in run.chunks] == [130, 130, 65]
    assert run.positions.tolist() == [list(range(325))] * 3


def test_a_family_without_an_audio_encoder_refuses_audio() -> None:
    with pytest.raises(ValueError, match="audio"):
        VL.place(Audio(np.zeros(1000, dtype=np.float32)))
