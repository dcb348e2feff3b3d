"""How a media item is put into a prompt: its tokens, their positions, and the chunks to encode."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from palaver.multimodal import audio, vision
from palaver.multimodal.config import MultimodalConfig, PixelBudget
from palaver.multimodal.media import Audio, Detail, Image, Kind, Media, Video

_DIGEST_BYTES = 16
_LOW_PIXELS = 512 * 512
_AUTO_PIXELS = 1024 * 1024
_HIGH_PIXELS = 2048 * 2048
_CHUNK_SECONDS = 10

MARKERS: dict[Kind, str] = {
    "image": "<|image_pad|>",
    "video": "<|video_pad|>",
    "audio": "<|audio_pad|>",
}


@dataclass(frozen=True, slots=True)
class MediaChunk:
    """The part of a media item that an encoder processes at once.

    Attributes:
        kind: The kind of media.
        content: ``uint8[frames, height, width, 3]`` or ``float32[chunks, 128, frames]``.
        num_tokens: Embeddings that the encoder makes of it.
        content_hash: Hash of everything that the embeddings and their positions depend on.
    """

    kind: Kind
    content: NDArray[np.uint8] | NDArray[np.float32]
    num_tokens: int
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """The part of a media item whose tokens have no text between them.

    Attributes:
        chunks: Its chunks, in order.
        positions: ``int32[3, tokens]``, relative to the beginning of the segment.
    """

    chunks: Sequence[MediaChunk]
    positions: NDArray[np.int32]

    @property
    def num_tokens(self) -> int:
        """Tokens of the segment."""
        return int(self.positions.shape[1])


@dataclass(frozen=True, slots=True)
class MediaItem:
    """An image, video or audio clip, ready to be put into a prompt.

    Attributes:
        kind: The kind of media.
        text: The text for it in the prompt, with one marker for each segment.
        segments: The segments, one for each marker, in order.
    """

    kind: Kind
    text: str
    segments: Sequence[MediaSegment]


class MultimodalRules(Protocol):
    """How a family of models takes media."""

    @property
    def config(self) -> MultimodalConfig:
        """The model's multimodal configuration."""

    def marker(self, kind: Kind) -> re.Pattern[str]:
        """A pattern for what a chat template writes for a media item of this kind."""

    def place(self, media: Media, detail: Detail = "auto") -> MediaItem:
        """The media item for a prompt; takes milliseconds, or seconds for a long video.

        Raises:
            ValueError: The model cannot take media of this kind or shape; the message says why.
        """


def place_image(image: Image, multimodal: MultimodalConfig, detail: Detail) -> MediaItem:
    """The item for an image, in the size that ``detail`` asks for (spec row S08)."""
    most = {"low": _LOW_PIXELS, "auto": _AUTO_PIXELS, "high": _HIGH_PIXELS}[detail]
    budget = multimodal.vision.image
    budget = PixelBudget(min(budget.least, most), min(budget.most, most))
    height, width = image.pixels.shape[:2]
    size = vision.fitting_size(height, width, multimodal.vision.factor, budget)
    segment = frames_segment("image", vision.resize(image.pixels, *size)[None], [0], multimodal)
    return MediaItem("image", MARKERS["image"], [segment])


def resized_frames(
    video: Video, multimodal: MultimodalConfig, *, is_shared_budget: bool
) -> NDArray[np.uint8]:
    """The frames in the size for the encoder, ``uint8[N, height, width, 3]``."""
    num = -(-len(video.frames) // multimodal.vision.num_frames) * multimodal.vision.num_frames
    height, width = vision.fitting_size(
        video.frames.shape[1],
        video.frames.shape[2],
        multimodal.vision.factor,
        multimodal.vision.video,
        num if is_shared_budget else 1,
    )
    return np.stack([vision.resize(frame, height, width) for frame in video.frames])


def frames_segment(
    kind: Kind, frames: NDArray[np.uint8], times: Sequence[int], multimodal: MultimodalConfig
) -> MediaSegment:
    """The segment for consecutive frames, a chunk for each temporal patch.

    Args:
        kind: Image or video.
        frames: ``uint8[N, height, width, 3]``, already resized.
        times: Position in time of each temporal patch.
        multimodal: The model's sizes.
    """
    factor, num = multimodal.vision.factor, multimodal.vision.num_frames
    rows, columns = frames.shape[1] // factor, frames.shape[2] // factor
    media_chunks, parts = [], []
    for i, time in enumerate(times):
        content = frames[i * num : (i + 1) * num]
        positions = vision.grid_positions(rows, columns, time)
        media_chunks.append(_chunk(kind, content, rows * columns, positions))
        parts.append(positions)
    return MediaSegment(media_chunks, np.concatenate(parts, axis=1))


def place_audio(clip: Audio) -> MediaItem:
    """The item for an audio clip, a chunk for each ten seconds."""
    mel = audio.log_mel(clip.samples)
    chunks = audio.in_chunks(mel)
    media_chunks = []
    for begin in range(0, len(chunks), _CHUNK_SECONDS):
        content = np.ascontiguousarray(chunks[begin : begin + _CHUNK_SECONDS])
        left = mel.shape[1] - begin * audio.CHUNK_FRAMES
        num = audio.num_tokens(min(left, _CHUNK_SECONDS * audio.CHUNK_FRAMES))
        media_chunks.append(_chunk("audio", content, num, np.array(num)))
    num_tokens = sum(chunk.num_tokens for chunk in media_chunks)
    positions = np.tile(np.arange(num_tokens, dtype=np.int32), (3, 1))
    return MediaItem("audio", MARKERS["audio"], [MediaSegment(media_chunks, positions)])


def _chunk(
    kind: Kind,
    content: NDArray[np.uint8] | NDArray[np.float32],
    num: int,
    positions: NDArray[np.generic],
) -> MediaChunk:
    digest = hashlib.blake2b(f"{kind}{content.shape}".encode(), digest_size=_DIGEST_BYTES)
    digest.update(content.tobytes())
    digest.update(positions.tobytes())
    return MediaChunk(kind, content, num, digest.digest())
