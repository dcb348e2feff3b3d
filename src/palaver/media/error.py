"""The error for media files that cannot be decoded."""

from __future__ import annotations


class MediaError(Exception):
    """A file cannot be decoded, or exceeds a limit; the message says why."""
