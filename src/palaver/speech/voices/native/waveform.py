"""Frames of codes turned into audio, piece by piece (spec row S11)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from palaver.runtime.talker import Talker

FIRST_FRAMES = 8
MAX_FRAMES = 48
CONTEXT_FRAMES = 100
"""Frames before a piece that are decoded with it: what is further away makes no
difference any more."""

_SAMPLES_PER_FRAME = 1920
_NUM_UNKNOWN = 555
"""Last samples of a frame, which depend on the next one."""


class Waveform:
    """Collects the frames of one answer and gives back their audio.

    Where it is cut depends on nothing but the number of frames, so it always is the same, sample
    by sample. The first piece is short, to be there soon; the others become longer.

    Args:
        talker: The models that decode.
    """

    def __init__(self, talker: Talker) -> None:
        self._talker = talker
        self._frames: list[list[int]] = []
        self._num_dropped = 0
        self._num_done = 0
        self._next = self._size = FIRST_FRAMES

    @property
    def num_frames(self) -> int:
        """Frames so far."""
        return self._num_dropped + len(self._frames)

    def add(self, frame: list[int]) -> NDArray[np.float32] | None:
        """Take a frame; the next piece of audio if it is complete with it."""
        self._frames.append(frame)
        if self.num_frames < self._next:
            return None
        self._size = min(2 * self._size, MAX_FRAMES)
        self._next += self._size
        return self._decode()

    def finish(self) -> NDArray[np.float32]:
        """The rest of the audio, possibly nothing."""
        end = self.num_frames * _SAMPLES_PER_FRAME - _NUM_UNKNOWN
        return self._decode() if end > self._num_done else np.zeros(0, dtype=np.float32)

    def _decode(self) -> NDArray[np.float32]:
        begin = self._num_done - self._num_dropped * _SAMPLES_PER_FRAME
        piece = self._talker.wave(self._frames)[begin:]
        self._num_done += len(piece)
        num_old = max(len(self._frames) - CONTEXT_FRAMES, 0)
        self._frames = self._frames[num_old:]
        self._num_dropped += num_old
        return piece
