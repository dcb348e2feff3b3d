"""Puts media into a prompt: markers become placeholder tokens, with their positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from palaver.errors import InvalidRequest
from palaver.generation.request import Array, PlaceholderRange, Prompt
from palaver.multimodal.media import Kind
from palaver.multimodal.placement import MediaItem, MediaSegment, MultimodalRules


def insert_placeholders(text: str, media: Sequence[MediaItem], multimodal: MultimodalRules) -> str:
    """A rendered conversation in which each marker is replaced by the placeholders of its media.

    Raises:
        InvalidRequest: There are more or fewer markers than media: the template drops some, or a
            text of the conversation has a marker in it.
    """
    for kind in sorted({item.kind for item in media}):
        texts = [item.text for item in media if item.kind == kind]
        parts = multimodal.marker(kind).split(text)
        if len(parts) != len(texts) + 1:
            raise InvalidRequest(
                f"messages: as the chat template renders it, the conversation has {len(parts) - 1} "
                f"markers for {kind} input, but the request has {len(texts)}; a text may contain "
                f"the marker, or the template may drop {kind} input in that place",
                param="messages",
            )
        text = "".join(part + new for part, new in zip(parts, [*texts, ""], strict=True))
    return text


def prompt_with_media(
    token_ids: Sequence[int], media: Sequence[MediaItem], multimodal: MultimodalRules
) -> Prompt:
    """The prompt for tokens that have one placeholder for each segment of each media item."""
    segments = {kind: _segments(kind, media) for kind in {item.kind for item in media}}
    kinds = {multimodal.config.pad_token_ids[kind]: kind for kind in segments}
    ids: list[int] = []
    placeholders: list[PlaceholderRange] = []
    positions: list[NDArray[np.int32]] = []
    text: list[int] = []
    position = 0
    for token_id in token_ids:
        if token_id not in kinds:
            text.append(position)
            ids.append(token_id)
            position += 1
            continue
        segment = next(segments[kinds[token_id]])
        placeholders += _placeholders(segment, len(ids))
        ids += [token_id] * segment.num_tokens
        positions += [_plain(text), segment.positions + position]
        text = []
        position += int(segment.positions.max()) + 1
    known = np.concatenate([*positions, _plain(text)], axis=1)
    return Prompt(ids, placeholders, Array.of(known), position_delta=position - len(ids))


def _segments(kind: Kind, media: Sequence[MediaItem]) -> Iterator[MediaSegment]:
    for item in media:
        if item.kind == kind:
            yield from item.segments


def _placeholders(segment: MediaSegment, begin: int) -> Iterator[PlaceholderRange]:
    for chunk in segment.chunks:
        content = Array.of(chunk.content)
        yield PlaceholderRange(begin, chunk.num_tokens, chunk.kind, chunk.content_hash, content)
        begin += chunk.num_tokens


def _plain(positions: list[int]) -> NDArray[np.int32]:
    return np.tile(np.array(positions, dtype=np.int32), (3, 1))
