"""Frames of codes become audio in chunks that join without a seam."""

from __future__ import annotations

import numpy as np
import pytest

from palaver.runtime.talker import Talker
from palaver.speech.voices.native.waveform import Waveform
from tests.speech.native import TALKER


@pytest.mark.parametrize(("num_frames", "num_pieces"), [(1, 0), (8, 1), (9, 1), (57, 3), (230, 6)])
def test_audio_chunks_join_to_the_waveform_of_all_frames(num_frames: int, num_pieces: int) -> None:
    talker = Talker(TALKER)
    codes = np.random.default_rng(num_frames).integers(0, 256, (num_frames, 4)).tolist()
    waveform = Waveform(talker)
    pieces = [piece for frame in codes if (piece := waveform.add(frame)) is not None]
    found = np.concatenate([*pieces, waveform.finish()])
    whole = talker.wave(codes)
    assert len(pieces) == num_pieces
    assert found.shape == whole.shape
    assert np.abs(found - whole).max() < 1e-5 * np.abs(whole).max()
