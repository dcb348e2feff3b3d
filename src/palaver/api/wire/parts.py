"""The parts of a message's content: text, images, video, audio (spec rows S07 to S10)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from palaver.api.wire.audio import Modalities, nested_modalities
from palaver.api.wire.known import optional
from palaver.media.reference import MediaReference

AudioFileFormat: TypeAlias = Literal["wav", "mp3", "flac", "ogg", "opus", "m4a", "aac", "webm"]

_MEDIA_URL = "An http(s) URL, or a data URL with base64."


class TextPart(BaseModel):
    """A part of a message's content: some text."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["text"] = Field(description="The kind of part.")
    text: str = Field(description="The text.")
    modalities: Modalities = nested_modalities()


class ImageUrl(BaseModel):
    """Where an image is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    url: str = Field(min_length=1, description=_MEDIA_URL)
    detail: Literal["low", "high", "auto"] | None = optional(
        "auto", "Resolution: at most 512 (low), 2048 (high) or 1024 (auto) pixels squared."
    )


class VideoUrl(BaseModel):
    """Where a video is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    url: str = Field(min_length=1, description=_MEDIA_URL)


class InputAudio(BaseModel):
    """An audio clip."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    data: str = Field(min_length=1, description="Base64, a data URL, or an http(s) URL.")
    format: AudioFileFormat = Field(description="The file's format.")


def _url_kind(value: Any) -> str | None:
    match value:
        case str():
            return "bare_url"
        case dict() | BaseModel():
            return "url_object"
    return None


_BARE_URL = Annotated[str, Field(min_length=1), Tag("bare_url")]
_URL = Discriminator(
    _url_kind,
    custom_error_type="media_url",
    custom_error_message="must be a URL or an object with a url",
)


class ImagePart(BaseModel):
    """A part of a message's content: an image (PNG, JPEG, WebP, GIF, BMP or TIFF)."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["image_url"] = Field(description="The kind of part.")
    image_url: Annotated[_BARE_URL | Annotated[ImageUrl, Tag("url_object")], _URL] = Field(
        description="Where the image is; a plain URL is accepted as well."
    )
    modalities: Modalities = nested_modalities()


class VideoPart(BaseModel):
    """A part of a message's content: a video, sampled at two frames a second."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["video_url"] = Field(description="The kind of part.")
    video_url: Annotated[_BARE_URL | Annotated[VideoUrl, Tag("url_object")], _URL] = Field(
        description="Where the video is; a plain URL is accepted as well."
    )
    modalities: Modalities = nested_modalities()


class AudioPart(BaseModel):
    """A part of a message's content: an audio clip."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["input_audio"] = Field(description="The kind of part.")
    input_audio: InputAudio = Field(description="The audio clip.")
    modalities: Modalities = nested_modalities()


MediaPart: TypeAlias = ImagePart | VideoPart | AudioPart


def _part_kind(value: Any) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return kind if kind in _KINDS else None


ContentPart: TypeAlias = Annotated[
    Annotated[TextPart, Tag("text")]
    | Annotated[ImagePart, Tag("image_url")]
    | Annotated[VideoPart, Tag("video_url")]
    | Annotated[AudioPart, Tag("input_audio")],
    Discriminator(
        _part_kind,
        custom_error_type="part_type",
        custom_error_message="must be an object whose type is text, image_url, video_url or "
        "input_audio",
    ),
]
_KINDS = ("text", "image_url", "video_url", "input_audio")


def reference_of(part: MediaPart, path: str) -> MediaReference:
    """The media file that a part refers to.

    Args:
        part: An image, video or audio clip.
        path: The part's path in the request.
    """
    match part:
        case ImagePart(image_url=ImageUrl(url=url, detail=detail)):
            return MediaReference("image", url, f"{path}.image_url.url", detail or "auto")
        case ImagePart():
            return MediaReference("image", str(part.image_url), f"{path}.image_url")
        case VideoPart(video_url=VideoUrl(url=url)):
            return MediaReference("video", url, f"{path}.video_url.url")
        case VideoPart():
            return MediaReference("video", str(part.video_url), f"{path}.video_url")
        case AudioPart():
            data_path = f"{path}.input_audio.data"
            return MediaReference("audio", part.input_audio.data, data_path, may_be_base64=True)


def part_for_template(part: TextPart | MediaPart) -> dict[str, str]:
    """The part in the form that chat templates read."""
    match part:
        case TextPart(text=text):
            return {"type": "text", "text": text}
        case ImagePart():
            return {"type": "image"}
        case VideoPart():
            return {"type": "video"}
        case AudioPart():
            return {"type": "audio"}
