"""The media of a request: read, and placed as its model wants them (spec rows S08 to S10)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from palaver.chat.request import ChatRequest
from palaver.errors import InvalidRequest
from palaver.media.reader import MediaReader
from palaver.media.reference import MediaReference
from palaver.models.served import ServedModel
from palaver.multimodal.media import Kind
from palaver.multimodal.placement import MultimodalRules, PlacedMedia

NAMES: dict[Kind, str] = {"image": "image", "video": "video", "audio": "audio"}
"""What the wire calls each kind."""

_NUM_PLACED_AT_ONCE = 4


class MediaIntake:
    """Reads the media of requests, those of one request one after another.

    Args:
        reader: Fetches, decodes and remembers them.
        max_media: Pieces in a request at most.
    """

    def __init__(self, reader: MediaReader, max_media: int) -> None:
        self._reader = reader
        self._max_media = max_media
        self._turns = asyncio.Semaphore(_NUM_PLACED_AT_ONCE)

    async def add_to(
        self, request: ChatRequest, references: Sequence[MediaReference], model: ServedModel
    ) -> ChatRequest:
        """The request with its media.

        Raises:
            InvalidRequest: The model cannot take such media, there are too many of them, or one
                cannot be read; the message names the part.
        """
        if not references:
            return request
        multimodal = _rules_for(references, model)
        if len(references) > self._max_media:
            raise InvalidRequest(
                f"messages: {len(references)} images, videos and audio clips; "
                f"{self._max_media} are the limit",
                param="messages",
            )
        return replace(request, media=[await self._place(r, multimodal) for r in references])

    async def _place(self, reference: MediaReference, multimodal: MultimodalRules) -> PlacedMedia:
        path = reference.path
        decoded = await self._reader.read(
            reference.kind, reference.text, path, may_be_base64=reference.may_be_base64
        )
        async with self._turns:
            try:
                return await asyncio.to_thread(multimodal.place, decoded.media, reference.detail)
            except ValueError as error:
                raise InvalidRequest(f"{path}: {error}", param=path) from error


def _rules_for(references: Sequence[MediaReference], model: ServedModel) -> MultimodalRules:
    """The model's rules, which take every kind that is wanted."""
    multimodal = model.chat.multimodal
    known = model.chat.kinds
    for reference in references:
        if multimodal is None or reference.kind not in known:
            taken = ", ".join(["text", *(NAMES[kind] for kind in NAMES if kind in known)])
            raise InvalidRequest(
                f"{reference.path}: is {NAMES[reference.kind]} input, which model "
                f"{model.name!r} cannot take; it takes {taken}",
                param=reference.path,
            )
    assert multimodal is not None
    return multimodal
