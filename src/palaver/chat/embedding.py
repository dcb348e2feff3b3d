"""Media put into a prompt: markers become the tokens that media take, with their positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from palaver.errors import InvalidRequest
from palaver.generation.request import Array, Prompt, Span
from palaver.multimodal.media import Kind
from palaver.multimodal.placement import MultimodalRules, PlacedMedia, Run


def insert(text: str, media: Sequence[PlacedMedia], multimodal: MultimodalRules) -> str:
    """A rendered conversation in which each marker is replaced by what its media take.

    Raises:
        InvalidRequest: There are more or fewer markers than media: the template drops some, or a
            text of the conversation has a marker in it.
    """
    for kind in sorted({placed.kind for placed in media}):
        texts = [placed.text for placed in media if placed.kind == kind]
        parts = multimodal.marker(kind).split(text)
        if len(parts) != len(texts) + 1:
            raise InvalidRequest(
                f"messages: the model's chat template makes {len(parts) - 1} places for {kind}s, "
                f"but {len(texts)} came; a text may have its marker in it, or the template does "
                f"not take a {kind} where one is",
                param="messages",
            )
        text = "".join(part + new for part, new in zip(parts, [*texts, ""], strict=True))
    return text


def embed(
    token_ids: Sequence[int], media: Sequence[PlacedMedia], multimodal: MultimodalRules
) -> Prompt:
    """The prompt of tokens in which one placeholder stands for each run of each piece of media."""
    runs = {kind: _runs(kind, media) for kind in {placed.kind for placed in media}}
    kinds = {multimodal.config.pad_token_ids[kind]: kind for kind in runs}
    ids: list[int] = []
    spans: list[Span] = []
    positions: list[NDArray[np.int32]] = []
    text: list[int] = []
    position = 0
    for token_id in token_ids:
        if token_id not in kinds:
            text.append(position)
            ids.append(token_id)
            position += 1
            continue
        run = next(runs[kinds[token_id]])
        spans += _spans(run, len(ids))
        ids += [token_id] * run.num_tokens
        positions += [_plain(text), run.positions + position]
        text = []
        position += int(run.positions.max()) + 1
    known = np.concatenate([*positions, _plain(text)], axis=1)
    return Prompt(ids, spans, Array.of(known), position_delta=position - len(ids))


def _runs(kind: Kind, media: Sequence[PlacedMedia]) -> Iterator[Run]:
    for placed in media:
        if placed.kind == kind:
            yield from placed.runs


def _spans(run: Run, begin: int) -> Iterator[Span]:
    for piece in run.pieces:
        content = Array.of(piece.content)
        yield Span(begin, piece.num_tokens, piece.kind, piece.content_hash, content)
        begin += piece.num_tokens


def _plain(positions: list[int]) -> NDArray[np.int32]:
    return np.tile(np.array(positions, dtype=np.int32), (3, 1))
