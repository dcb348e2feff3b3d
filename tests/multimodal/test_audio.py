from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.multimodal import audio

RATE = 16_000


@pytest.mark.parametrize(("hz", "other_hz"), [(200, 400), (1000, 2000), (3000, 6000)])
def test_a_higher_tone_lies_in_a_higher_bin(hz: int, other_hz: int) -> None:
    times = np.arange(RATE) / RATE
    bins = [
        audio.log_mel(np.sin(2 * np.pi * f * times).astype(np.float32)).mean(axis=1).argmax()
        for f in (hz, other_hz)
    ]
    assert bins[0] < bins[1]


def test_a_frame_is_ten_milliseconds() -> None:
    assert audio.log_mel(np.zeros(RATE, dtype=np.float32)).shape == (128, 100)


@pytest.mark.parametrize("num_samples", [1, 159, 200, 201, 1000])
def test_the_shortest_clips_have_frames(num_samples: int) -> None:
    mel = audio.log_mel(np.ones(num_samples, dtype=np.float32))
    assert mel.shape[1] >= 1
    assert np.isfinite(mel).all()


@given(st.integers(1, 2000))
def test_the_mask_has_as_many_tokens_as_the_frames_become(num_frames: int) -> None:
    mel = np.zeros((128, num_frames), dtype=np.float32)
    chunks = audio.in_chunks(mel)
    num = audio.num_tokens(num_frames)
    mask = audio.token_mask(num, len(chunks), chunks.shape[2])
    assert mask.sum() == num
    assert mask[:, 0].all()


def test_a_second_takes_thirteen_tokens() -> None:
    assert [audio.num_tokens(n) for n in (1, 8, 9, 99, 100, 101, 250)] == [
        1, 1, 2, 13, 13, 14, 33,
    ]  # fmt: skip
