"""Decoding in a process of its own, so that a hostile file harms no other request.

The process has a bound on its memory. It is killed when a file takes too long, restarted when a
file crashes it, and ends with the server.
"""

from __future__ import annotations

import asyncio

import msgspec

from palaver.errors import InternalError, ModelNotAvailable
from palaver.host.calls import Caller, CallFailed
from palaver.host.child import ChildError
from palaver.media.decoder_process import Decoded, File, Refused
from palaver.media.error import MediaError
from palaver.media.limits import MediaLimits
from palaver.multimodal.media import Kind, Media

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Decoded | Refused)


class Decoder:
    """One decoding process, started when it is first needed. One file at a time.

    Args:
        limits: Limits of a file, and of the time to decode it.

    Attributes:
        num_waiting: Files that are being decoded or wait for that.
    """

    def __init__(self, limits: MediaLimits) -> None:
        self.num_waiting = 0
        self._timeout_s = limits.decode_timeout_s
        self._lock = asyncio.Lock()
        config = msgspec.json.encode(limits).decode()
        self._caller = Caller("palaver.media.decoder_process", config)

    @property
    def pid(self) -> int | None:
        """The process id, while it runs."""
        return self._caller.pid

    async def decode(self, kind: Kind, content: bytes) -> Media:
        """Decode a file to arrays.

        Raises:
            MediaError: The file cannot be decoded within the limits, or crashes the process.
            ModelNotAvailable: The process cannot be started now.
            InternalError: The process failed without a fault of the file's; its log says how.
        """
        self.num_waiting += 1
        try:
            async with self._lock:
                return await self._decode(File(kind, content))
        finally:
            self.num_waiting -= 1

    async def close(self) -> None:
        """End the process."""
        await self._caller.end()

    async def _decode(self, file: File) -> Media:
        try:
            await self._caller.start_if_needed()
        except ChildError as error:
            raise ModelNotAvailable(f"the media decoder does not start: {error}") from error
        try:
            async with asyncio.timeout(self._timeout_s):
                content = await self._caller.call(_encoder.encode(file))
        except TimeoutError:
            self._caller.kill()
            raise MediaError(f"takes longer than {self._timeout_s:g} s to decode") from None
        except asyncio.CancelledError:
            self._caller.kill()  # the file may take long, and the next one must not wait for it
            raise
        except CallFailed as error:
            raise InternalError("the media decoder failed; the log has the details") from error
        except ChildError as error:
            raise MediaError("brings the decoder down") from error
        match _decoder.decode(content):
            case Refused(why):
                raise MediaError(why)
            case decoded:
                return decoded.media()
