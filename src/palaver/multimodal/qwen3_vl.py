"""Qwen3-VL: images, and video with the time of each pair of frames as text before it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from palaver.multimodal.config import MultimodalConfig
from palaver.multimodal.media import Detail, Image, Kind, Media, Video
from palaver.multimodal.placement import (
    MARKERS,
    MediaItem,
    frames_segment,
    place_image,
    resized_frames,
)

_BEGIN, _END = "<|vision_start|>", "<|vision_end|>"


@dataclass(frozen=True, slots=True)
class Qwen3VL:
    """The rules of Qwen3-VL. All frames of a video share one budget of pixels.

    Attributes:
        config: The model's multimodal configuration.
    """

    config: MultimodalConfig

    def marker(self, kind: Kind) -> re.Pattern[str]:
        """See :meth:`MultimodalRules.marker`; a video's pattern includes the tokens around it."""
        marker = re.escape(MARKERS[kind])
        if kind == "video":
            marker = f"(?:{re.escape(_BEGIN)})?{marker}(?:{re.escape(_END)})?"
        return re.compile(marker)

    def place(self, media: Media, detail: Detail = "auto") -> MediaItem:
        """See :meth:`MultimodalRules.place`."""
        match media:
            case Image():
                return place_image(media, self.config, detail)
            case Video():
                return self._place_video(media)
        raise ValueError("is audio input, which a model of this family cannot take")

    def _place_video(self, video: Video) -> MediaItem:
        num = self.config.vision.num_frames
        frames = resized_frames(video, self.config, is_shared_budget=True)
        times = np.pad(video.times_s, (0, -len(frames) % num), mode="edge").reshape(-1, num)
        segments = [
            frames_segment("video", frames[i * num : (i + 1) * num], [0], self.config)
            for i in range(len(times))
        ]
        shown = (times[:, 0] + times[:, -1]) / 2
        text = "".join(f"<{t:.1f} seconds>{_BEGIN}{MARKERS['video']}{_END}" for t in shown)
        return MediaItem("video", text, segments)
