"""Qwen3-Omni: pictures, video whose time runs on in its positions, sound."""

from __future__ import annotations

import re
from dataclasses import dataclass

from palaver.senses.config import SensesConfig
from palaver.senses.media import Detail, Kind, Media, Picture, Video
from palaver.senses.placement import (
    MARKERS,
    PlacedMedia,
    frames_run,
    place_picture,
    place_sound,
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

    config: SensesConfig

    def marker(self, kind: Kind) -> re.Pattern[str]:
        """What a chat template writes for a piece of media of this kind."""
        return re.compile(re.escape(MARKERS[kind]))

    def place(self, media: Media, detail: Detail = "auto") -> PlacedMedia:
        """How ``media`` stands in a prompt; see :class:`palaver.senses.placement.Senses`."""
        match media:
            case Picture():
                return place_picture(media, self.config, detail)
            case Video():
                return self._place_video(media)
        return place_sound(media)

    def _place_video(self, video: Video) -> PlacedMedia:
        frames = resized_frames(video, self.config, is_shared_budget=False)
        begins_s = video.times_s[:: self.config.vision.num_frames] - video.times_s[0]
        times = (begins_s * self.config.positions_per_s).round().astype(int).tolist()
        return PlacedMedia(
            "video", MARKERS["video"], [frames_run("video", frames, times, self.config)]
        )
