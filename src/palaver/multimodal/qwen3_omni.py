"""Qwen3-Omni: images, audio, and video with the time of frames in their positions."""

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

    A second of video takes 13 positions, as a second of audio takes 13 tokens. The budget of pixels
    applies to each frame.

    Attributes:
        config: The model's multimodal configuration.
    """

    config: MultimodalConfig

    def marker(self, kind: Kind) -> re.Pattern[str]:
        """See :meth:`MultimodalRules.marker`."""
        return re.compile(re.escape(MARKERS[kind]))

    def place(self, media: Media, detail: Detail = "auto") -> MediaItem:
        """See :meth:`MultimodalRules.place`."""
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
