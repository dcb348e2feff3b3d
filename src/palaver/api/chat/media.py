"""The media of a request: read, and preprocessed for its model (spec rows S08 to S10)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from palaver.errors import InvalidRequest
from palaver.media.reader import MediaReader
from palaver.media.reference import MediaReference
from palaver.models.model import Model
from palaver.multimodal.media import MEDIA_KINDS
from palaver.multimodal.placement import MediaItem, MultimodalRules

_NUM_PLACED_AT_ONCE = 4


class MediaIntake:
    """Reads the media of requests; those of one request are read one after another.

    Args:
        reader: Fetches, decodes and caches media.
        max_media: Most media items in a request.
    """

    def __init__(self, reader: MediaReader, max_media: int) -> None:
        self._reader = reader
        self._max_media = max_media
        self._slots = asyncio.Semaphore(_NUM_PLACED_AT_ONCE)

    async def read(self, references: Sequence[MediaReference], model: Model) -> list[MediaItem]:
        """The media that a request refers to, in order.

        Raises:
            InvalidRequest: The model cannot take such media, there are too many of them, or one
                cannot be read; the message names the part.
        """
        if not references:
            return []
        rules = _rules_for(references, model)
        if len(references) > self._max_media:
            raise InvalidRequest(
                f"messages: {len(references)} images, videos and audio clips; "
                f"{self._max_media} are the limit",
                param="messages",
            )
        return [await self._place(reference, rules) for reference in references]

    async def _place(self, reference: MediaReference, rules: MultimodalRules) -> MediaItem:
        path = reference.path
        decoded = await self._reader.read(
            reference.kind, reference.text, path, may_be_base64=reference.may_be_base64
        )
        async with self._slots:
            try:
                return await asyncio.to_thread(rules.place, decoded.media, reference.detail)
            except ValueError as error:
                raise InvalidRequest(f"{path}: {error}", param=path) from error


def _rules_for(references: Sequence[MediaReference], model: Model) -> MultimodalRules:
    """The rules of the model's family, which must take every kind in the request."""
    rules, known = model.chat.multimodal, model.card.media
    for reference in references:
        if rules is None or reference.kind not in known:
            taken = ", ".join(["text", *(kind for kind in MEDIA_KINDS if kind in known)])
            raise InvalidRequest(
                f"{reference.path}: is {reference.kind} input, which model "
                f"{model.name!r} cannot take; it takes {taken}",
                param=reference.path,
            )
    assert rules is not None
    return rules
