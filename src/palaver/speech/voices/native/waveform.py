"""Decoding frames of codes to audio, chunk by chunk (spec row S11)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from palaver.runtime.talker import Talker

FIRST_FRAMES = 8
MAX_FRAMES = 48
CONTEXT_FRAMES = 100
"""Frames before a chunk that are decoded with it; earlier ones make no difference."""

_SAMPLES_PER_FRAME = 1920
_NUM_UNKNOWN = 555
"""Last samples of a frame, which depend on the next one."""


class Waveform:
    """Collects the frames of one answer and returns their audio.

    The boundaries of chunks depend only on the number of frames, so the samples are always the
    same. The first chunk is short, so that audio begins soon; the others become longer.

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
        """Take a frame; returns the next chunk of audio if it is complete."""
        self._frames.append(frame)
        if self.num_frames < self._next:
            return None
        self._size = min(2 * self._size, MAX_FRAMES)
        self._next += self._size
        return self._decode()

    def finish(self) -> NDArray[np.float32]:
        """The rest of the audio, possibly empty."""
        end = self.num_frames * _SAMPLES_PER_FRAME - _NUM_UNKNOWN
        return self._decode() if end > self._num_done else np.zeros(0, dtype=np.float32)

    def _decode(self) -> NDArray[np.float32]:
        begin = self._num_done - self._num_dropped * _SAMPLES_PER_FRAME
        chunk = self._talker.wave(self._frames)[begin:]
        self._num_done += len(chunk)
        num_old = max(len(self._frames) - CONTEXT_FRAMES, 0)
        self._frames = self._frames[num_old:]
        self._num_dropped += num_old
        return chunk
