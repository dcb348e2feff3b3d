"""What the process of a neural voice model is asked."""

from __future__ import annotations

import msgspec


class Sentence(msgspec.Struct, frozen=True, array_like=True):
    """What to say.

    Attributes:
        text: The sentence.
        speaker: With which of the model's speakers.
    """

    text: str
    speaker: int
