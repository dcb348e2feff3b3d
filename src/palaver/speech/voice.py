"""What a voice is: the protocol behind which all kinds of them speak."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 24_000
"""Samples a second of every voice: what clients take ``pcm16`` for."""

Samples: TypeAlias = NDArray[np.int16]
"""``int16[N]``, one channel, :data:`SAMPLE_RATE_HZ` a second unless something else is said."""

_PAUSE_S = 0.25


class Voice(Protocol):
    """Reads sentences aloud. The same sentence in the same language always sounds the same."""

    @property
    def name(self) -> str:
        """As clients ask for it."""

    @property
    def description(self) -> str:
        """What kind of voice it is, in a line."""

    def say(
        self, sentence: str, language: str, *, is_played: bool = False
    ) -> AsyncGenerator[Samples, None]:
        """The samples of one sentence and the pause behind it, in pieces as they are made.

        Args:
            sentence: What to say, in a text's own spelling.
            language: Its language by its two letters, ``en``.
            is_played: Whether they are played while they are made: a few times as fast as they
                play will do, and leaves the processor to others.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """


def pause() -> Samples:
    """What follows a sentence."""
    return np.zeros(int(_PAUSE_S * SAMPLE_RATE_HZ), dtype=np.int16)
