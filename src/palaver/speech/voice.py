"""The protocol of voices."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 24_000
"""Sample rate of every voice; clients expect it of ``pcm16``."""

Samples: TypeAlias = NDArray[np.int16]
"""``int16[N]``, one channel, :data:`SAMPLE_RATE_HZ` a second unless stated otherwise."""

_PAUSE_S = 0.25


class Voice(Protocol):
    """Speaks sentences. The same sentence in the same language always sounds the same."""

    @property
    def name(self) -> str:
        """The name by which clients ask for it."""

    @property
    def description(self) -> str:
        """The kind of voice, in one line."""

    def say(
        self, sentence: str, language: str, *, is_played: bool = False
    ) -> AsyncGenerator[Samples, None]:
        """The samples of one sentence and of the pause after it, in chunks as they are made.

        Args:
            sentence: The sentence as it is written.
            language: The two-letter code of its language, such as ``en``.
            is_played: Whether they are played while they are made: then the voice may limit its
                pace to a few times the speed of playing, and leave the processor to others.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """


def pause() -> Samples:
    """The pause after a sentence."""
    return np.zeros(int(_PAUSE_S * SAMPLE_RATE_HZ), dtype=np.int16)
