"""The kinds of file that audio comes in."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

AudioFormat: TypeAlias = Literal["wav", "mp3", "flac", "opus", "pcm16"]
AUDIO_FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)
