"""The process that decodes files: ``python -m palaver.media.decoder_process …``."""

from __future__ import annotations

import resource

import msgspec

from palaver.generation.request import Array
from palaver.host import tuning
from palaver.host.calls import serve_calls
from palaver.host.child_side import connect
from palaver.media.error import MediaError
from palaver.media.limits import MediaLimits
from palaver.multimodal.media import Audio, Image, Kind, Media, Video

_MAX_MEMORY_BYTES = 4 * 2**30

_encoder = msgspec.msgpack.Encoder()


class File(msgspec.Struct, frozen=True, array_like=True):
    """A file to decode.

    Attributes:
        kind: The kind of media that it must be.
        content: The file's bytes.
    """

    kind: Kind
    content: bytes


class Decoded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The content of a file.

    Attributes:
        kind: The kind of media.
        arrays: An image's pixels; a video's frames and their times; an audio clip's samples.
    """

    kind: Kind
    arrays: list[Array]

    @classmethod
    def of(cls, media: Media) -> Decoded:
        """The message for a media item."""
        match media:
            case Image(pixels):
                return cls("image", [Array.of(pixels)])
            case Video(frames, times_s):
                return cls("video", [Array.of(frames), Array.of(times_s)])
        return cls("audio", [Array.of(media.samples)])

    def media(self) -> Media:
        """The media item; its arrays are not writable."""
        arrays = [array.numpy() for array in self.arrays]
        match self.kind:
            case "image":
                return Image(arrays[0])
            case "video":
                return Video(arrays[0], arrays[1])
        return Audio(arrays[0])


class Refused(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A file that cannot be decoded.

    Attributes:
        why: The reason.
    """

    why: str


def main() -> None:
    """Decode files for the parent."""
    parent = connect()
    from palaver.media.decode import decode  # noqa: PLC0415  # codecs are loaded in this process only

    limits = msgspec.json.decode(parent.config, type=MediaLimits)
    files = msgspec.msgpack.Decoder(File)
    if parent.is_tuned:
        tuning.tune_background_process()
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))

    def answer(content: bytes) -> bytes:
        file = files.decode(content)
        try:
            return _encoder.encode(Decoded.of(decode(file.kind, file.content, limits)))
        except MediaError as error:
            return _encoder.encode(Refused(str(error)))

    parent.say_ready()
    serve_calls(parent, answer)


if __name__ == "__main__":
    main()
