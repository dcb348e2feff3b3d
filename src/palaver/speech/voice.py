"""What a voice is: the seam behind which all kinds of them speak."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 24_000
"""Samples a second of every voice: what clients take ``pcm16`` for."""

Samples: TypeAlias = NDArray[np.int16]
"""``int16[N]``, one channel, :data:`SAMPLE_RATE_HZ` a second."""


class Voice(Protocol):
    """Reads sentences aloud. The same sentence in the same language always sounds the same."""

    @property
    def name(self) -> str:
        """As clients ask for it."""

    @property
    def description(self) -> str:
        """What kind of voice it is, in a line."""

    @property
    def is_quick(self) -> bool:
        """Whether a sentence costs so little that one which may be is worth saying."""

    def say(
        self,
        sentence: str,
        language: str,
        *,
        is_urgent: bool = False,
        played_until_s: float | None = None,
    ) -> AsyncIterator[Samples]:
        """The sound of one sentence and the pause behind it, in pieces as they are made.

        Args:
            sentence: What to say, in a text's own spelling.
            language: Its language by its two letters, ``en``.
            is_urgent: Whether somebody waits for it, so that its beginning goes before other work
                of the machine. Otherwise it outruns its playing, and has time.
            played_until_s: Where it is played while it is made, when what came before it will have
                been played, by :func:`time.monotonic`: a few times as fast as it plays will do, and
                cores can be left to others.

        Raises:
            ModelNotAvailable: The voice cannot speak now.
        """
