"""The talker against PyTorch, whose frames and waves are recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from palaver.runtime.saying import Saying
from palaver.runtime.talker import Talker
from palaver.runtime.waveform import Waveform

FOLDER = Path(__file__).parent / "talker"
CASES = [
    f"{question}/{speaker}" for question in ("hello", "picture") for speaker in ("alto", "bass")
]


@pytest.fixture(scope="module")
def talker() -> Talker:
    return Talker(FOLDER)


@pytest.mark.parametrize("case", CASES)
def test_frames_and_wave_are_those_of_pytorch(talker: Talker, case: str) -> None:
    recorded = np.load(FOLDER / "references.npz")
    expected = recorded[f"{case}/codes"][0].T.tolist()
    wave = recorded[f"{case}/wave"]
    token_ids = recorded[f"{case}/ids"].tolist()[:-1]
    num_prompt = int(recorded[f"{case}/num_prompt"])
    saying = Saying(talker, token_ids[:num_prompt], case.split("/")[1])
    frames: list[list[int]] = []
    for token in token_ids[num_prompt:]:
        assert saying.next_frame() is None, "a frame needs a token"
        saying.feed([token])
        frames.append(saying.next_frame() or [])
    saying.finish()
    frames += [saying.next_frame() or [] for _ in expected[len(frames) :]]
    assert frames == expected
    found = talker.wave(frames)
    assert found.shape == (1920 * len(frames) - 555,) == wave.shape
    assert np.abs(found - wave).max() < 1e-5 * np.abs(wave).max()


def test_speakers_differ(talker: Talker) -> None:
    recorded = np.load(FOLDER / "references.npz")
    assert not np.array_equal(recorded["hello/alto/codes"], recorded["hello/bass/codes"])


def test_an_answer_of_nothing_is_not_spoken(talker: Talker) -> None:
    saying = Saying(talker, [], "alto")
    saying.finish()
    assert saying.is_ended and saying.next_frame() is None


@pytest.mark.parametrize(("num_frames", "num_pieces"), [(1, 0), (8, 1), (9, 1), (57, 3), (230, 6)])
def test_pieces_of_sound_join_to_the_wave_of_all_frames(
    talker: Talker, num_frames: int, num_pieces: int
) -> None:
    codes = np.random.default_rng(num_frames).integers(0, 256, (num_frames, 4)).tolist()
    waveform = Waveform(talker)
    pieces = [piece for frame in codes if (piece := waveform.add(frame)) is not None]
    found = np.concatenate([*pieces, waveform.finish()])
    whole = talker.wave(codes)
    assert len(pieces) == num_pieces
    assert found.shape == whole.shape
    assert np.abs(found - whole).max() < 1e-5 * np.abs(whole).max()
