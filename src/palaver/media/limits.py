"""Limits of media files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """Limits that keep files of clients from exhausting the machine.

    Attributes:
        max_bytes: Size of a file, as sent or fetched.
        fetch_timeout_s: Seconds that a fetch may take, redirects included.
        max_redirects: Redirects that are followed.
        allow_private_addresses: Whether URLs may lead into private and link-local networks.
        max_pixels: Pixels of an image, and of one frame of a video.
        max_video_pixels: Pixels of all used frames together; frames are made smaller to keep it.
        max_frames: Frames of a video that are used.
        max_video_s: Length of a video in seconds.
        max_audio_s: Length of an audio clip in seconds.
        decode_timeout_s: Seconds that decoding may take.
    """

    max_bytes: int = 32 * 2**20
    fetch_timeout_s: float = 20.0
    max_redirects: int = 3
    allow_private_addresses: bool = False
    max_pixels: int = 50_000_000
    max_video_pixels: int = 128_000_000
    max_frames: int = 768
    max_video_s: float = 600.0
    max_audio_s: float = 600.0
    decode_timeout_s: float = 20.0
