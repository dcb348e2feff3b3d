"""Qwen3-Omni: images, video whose time runs on in its positions, sound."""

from __future__ import annotations

import re
from dataclasses import dataclass

from palaver.multimodal.config import MultimodalConfig
from palaver.multimodal.media import Detail, Image, Kind, Media, Video
from palaver.multimodal.placement import (
    MARKERS,
    MediaItem,
    frames_segment,
    place_audio,
    place_image,
    resized_frames,
)


@dataclass(frozen=True, slots=True)
class Qwen3Omni:
    """The rules of Qwen3-Omni's thinker.

    A second of video takes 13 steps of position, as a second of sound takes 13 tokens. Each frame
    has the whole budget of pixels.

    Attributes:
        config: What the model's folder says.
    """

    config: MultimodalConfig

    def marker(self, kind: Kind) -> re.Pattern[str]:
        """What a chat template writes for a piece of media of this kind."""
        return re.compile(re.escape(MARKERS[kind]))

    def place(self, media: Media, detail: Detail = "auto") -> MediaItem:
        """How ``media`` stands in a prompt; see :class:`MultimodalRules`."""
        match media:
            case Image():
                return place_image(media, self.config, detail)
            case Video():
                return self._place_video(media)
        return place_audio(media)

    def _place_video(self, video: Video) -> MediaItem:
        frames = resized_frames(video, self.config, is_shared_budget=False)
        begins_s = video.times_s[:: self.config.vision.num_frames] - video.times_s[0]
        times = (begins_s * self.config.positions_per_s).round().astype(int).tolist()
        return MediaItem(
            "video", MARKERS["video"], [frames_segment("video", frames, times, self.config)]
        )
