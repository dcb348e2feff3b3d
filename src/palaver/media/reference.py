"""A reference to a media item in a request."""

from __future__ import annotations

from dataclasses import dataclass

from palaver.multimodal.media import Detail, Kind


@dataclass(frozen=True, slots=True)
class MediaReference:
    """A reference to a media item in a request.

    Attributes:
        kind: The kind of media that it must be.
        text: A URL, or base64 if allowed.
        path: The field of the request that has the reference, for messages.
        detail: In which detail to process an image.
        may_be_base64: Whether bare base64 is allowed.
    """

    kind: Kind
    text: str
    path: str
    detail: Detail = "auto"
    may_be_base64: bool = False
