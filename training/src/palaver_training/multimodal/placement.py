"""Media in a prompt: the tokens that stand for a piece of media, and their positions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from palaver_training.multimodal import spectrogram, vision
from palaver_training.multimodal.media import Audio, Image, Kind, Media, Video
from palaver_training.multimodal.vision import VisionConfig

POSITIONS_PER_S = 13
"""Steps of position in a second of video; a second of audio has as many tokens."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A media item as it stands in a prompt.

    Attributes:
        kind: What it is.
        positions: ``int32[3, tokens]``, counted from its first token.
        frames: For each step in time ``uint8[frames, height, width, 3]``; none for audio.
        mel: ``float32[128, frames]`` of audio.
    """

    kind: Kind
    positions: NDArray[np.int32]
    frames: Sequence[NDArray[np.uint8]] = ()
    mel: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens that stand for one step in time of an image or video, or for a piece of audio.

    Attributes:
        begin: Its first token.
        num_tokens: How many they are.
        kind: What they stand for.
        frames: ``uint8[frames, height, width, 3]``; ``None`` for audio.
    """

    begin: int
    num_tokens: int
    kind: Kind
    frames: NDArray[np.uint8] | None = None

    @property
    def end(self) -> int:
        """The token behind its last one."""
        return self.begin + self.num_tokens


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens with their positions.

    Attributes:
        token_ids: Those of media included.
        positions: ``int32[3, tokens]``: time, row, column.
        spans: Where tokens stand for media, in order.
    """

    token_ids: list[int]
    positions: NDArray[np.int32]
    spans: list[Span]


def place(media: Media, config: VisionConfig) -> Placed:
    """The placeholder tokens and positions of a media item."""
    match media:
        case Image():
            height, width = media.pixels.shape[:2]
            size = vision.fitting_size(height, width, config.factor, config.image)
            return _placed_frames("image", vision.resize(media.pixels, *size)[None], [0], config)
        case Video():
            _, height, width, _ = media.frames.shape
            size = vision.fitting_size(height, width, config.factor, config.video)
            frames = np.stack([vision.resize(frame, *size) for frame in media.frames])
            begins_s = media.times_s[:: config.num_frames] - media.times_s[0]
            times = (begins_s * POSITIONS_PER_S).round().astype(int).tolist()
            return _placed_frames("video", frames, times, config)
        case Audio():
            mel = spectrogram.log_mel(media.samples)
            num_tokens = spectrogram.num_tokens(mel.shape[1])
            return Placed("audio", _text_positions(0, num_tokens), mel=mel)


def insert(token_ids: Sequence[int], media: Sequence[Placed], pads: dict[Kind, int]) -> Prompt:
    """The prompt in which the pad token of each piece of media is repeated as often as needed.

    Args:
        token_ids: Of the rendered conversation, with one pad token for each piece of media.
        media: The pieces of each kind in the order of their pad tokens.
        pads: The pad token of each kind.

    Raises:
        ValueError: There are more or fewer pad tokens than media.
    """
    waiting = {kind: iter([m for m in media if m.kind == kind]) for kind in pads}
    kinds = {token_id: kind for kind, token_id in pads.items()}
    ids: list[int] = []
    spans: list[Span] = []
    positions: list[NDArray[np.int32]] = []
    next_position = 0
    for token_id in token_ids:
        kind = kinds.get(token_id)
        placed = next(waiting[kind], None) if kind else None
        if kind and placed is None:
            raise ValueError(f"the conversation has a pad token of a {kind} that did not come")
        if placed:
            spans += _spans(placed, len(ids))
        here = placed.positions if placed else _text_positions(0, 1)
        positions.append(here + next_position)
        next_position += int(here.max()) + 1
        ids += [token_id] * here.shape[1]
    if any(next(rest, None) for rest in waiting.values()):
        raise ValueError("the conversation has fewer pad tokens than media")
    return Prompt(ids, np.concatenate(positions, axis=1), spans)


def _placed_frames(
    kind: Kind, frames: NDArray[np.uint8], times: Sequence[int], config: VisionConfig
) -> Placed:
    rows, columns = frames.shape[1] // config.factor, frames.shape[2] // config.factor
    num = config.num_frames
    steps = [frames[i * num : (i + 1) * num] for i in range(len(times))]
    places = [vision.grid_positions(rows, columns, time) for time in times]
    return Placed(kind, np.concatenate(places, axis=1), steps)


def _spans(placed: Placed, begin: int) -> Iterator[Span]:
    num = placed.positions.shape[1]
    if placed.kind == "audio":
        yield Span(begin, num, "audio")
    for i, frames in enumerate(placed.frames):
        num_each = num // len(placed.frames)
        yield Span(begin + i * num_each, num_each, placed.kind, frames)


def _text_positions(begin: int, num: int) -> NDArray[np.int32]:
    return np.tile(np.arange(begin, begin + num, dtype=np.int32), (3, 1))
