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
    """What is to be decoded.

    Attributes:
        kind: What it has to be.
        content: The file's bytes.
    """

    kind: Kind
    content: bytes


class Decoded(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """What was in a file.

    Attributes:
        kind: What it is.
        arrays: An image's pixels; a video's frames and their times; a clip's samples.
    """

    kind: Kind
    arrays: list[Array]

    @classmethod
    def of(cls, media: Media) -> Decoded:
        """A piece of media in a form that can be sent."""
        match media:
            case Image(pixels):
                return cls("image", [Array.of(pixels)])
            case Video(frames, times_s):
                return cls("video", [Array.of(frames), Array.of(times_s)])
        return cls("audio", [Array.of(media.samples)])

    def media(self) -> Media:
        """The piece of media again; its arrays are not writable."""
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
        why: What is wrong with it.
    """

    why: str


def main() -> None:
    """Decode files for the parent."""
    parent = connect()
    from palaver.media.decode import decode  # noqa: PLC0415  # codecs are for this process alone

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
