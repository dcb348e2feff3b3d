"""The message to the process of a neural voice model."""

from __future__ import annotations

import msgspec


class Sentence(msgspec.Struct, frozen=True, array_like=True):
    """A sentence to speak.

    Attributes:
        text: The sentence.
        speaker: Index of one of the model's speakers.
    """

    text: str
    speaker: int
