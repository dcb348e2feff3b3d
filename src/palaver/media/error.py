"""What can be wrong with a file of media."""

from __future__ import annotations


class MediaError(Exception):
    """A file cannot be decoded, or has too much of something; says why."""
