"""A piece of media as a request refers to it."""

from __future__ import annotations

from dataclasses import dataclass

from palaver.multimodal.media import Detail, Kind


@dataclass(frozen=True, slots=True)
class MediaReference:
    """What is to be read, and where the request says so.

    Attributes:
        kind: What it has to be.
        text: A URL, or base64 if so allowed.
        path: Where it stands in the request, for messages.
        detail: How closely to look at an image.
        may_be_base64: Whether bare base64 is understood.
    """

    kind: Kind
    text: str
    path: str
    detail: Detail = "auto"
    may_be_base64: bool = False
