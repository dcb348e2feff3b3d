"""Media as requests refer to them: where from, decoded apart, remembered."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from palaver.errors import InvalidRequest
from palaver.media.decode import MediaError
from palaver.media.decoder import Decoder
from palaver.media.limits import MediaLimits
from palaver.media.reader import MediaReader
from palaver.multimodal.media import Image

from . import files

T = TypeVar("T")

_PICTURE = files.file_of(files.halves(), "PNG")
_DATA_URL = "data:image/png;base64," + base64.b64encode(_PICTURE).decode()
_PATH = "messages[0].content[0].image_url.url"


def _with_reader(
    work: Callable[[MediaReader], Awaitable[T]], limits: MediaLimits | None = None, **options: Any
) -> T:
    async def run() -> T:
        reader = MediaReader(limits or MediaLimits(), **options)
        try:
            return await work(reader)
        finally:
            await reader.close()

    return asyncio.run(run())


def test_a_data_url_is_decoded() -> None:
    decoded = _with_reader(lambda reader: reader.read("image", _DATA_URL, _PATH))
    assert isinstance(decoded.media, Image)
    assert decoded.media.pixels.shape == (32, 64, 3)


def test_bare_base64_is_understood_only_where_it_may_be() -> None:
    data = base64.b64encode(files.sound(files.tone())).decode()

    async def both(reader: MediaReader) -> None:
        await reader.read("audio", data, "p", may_be_base64=True)
        with pytest.raises(InvalidRequest, match="must be an http"):
            await reader.read("audio", data, "p")

    _with_reader(both)


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("data:image/png;base64,@@@@", "not valid base64"),
        ("data:image/png;base64,", "is empty"),
        ("data:image/png", "not a valid data URL"),
        ("ftp://example.org/a.png", "must be an http"),
        ("", "must be an http"),
        ("data:image/png;base64," + base64.b64encode(b"no picture").decode(), "not an image"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_place(reference: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refusal:
        _with_reader(lambda reader: reader.read("image", reference, _PATH))
    assert refusal.value.param == _PATH
    assert refusal.value.message.startswith(f"{_PATH}: ")


def test_a_file_past_the_limit_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(InvalidRequest, match="100 are the limit"):
        _with_reader(
            lambda reader: reader.read("image", _DATA_URL, _PATH), MediaLimits(max_bytes=100)
        )


def test_a_content_that_comes_again_is_not_decoded_again() -> None:
    async def twice(reader: MediaReader) -> tuple[Any, Any, Any]:
        first = await reader.read("image", _DATA_URL, _PATH)
        respelt = _DATA_URL.replace("image/png", "image/x-png")
        second = await reader.read("image", respelt, _PATH)
        other = files.file_of(files.halves(files.GREEN), "PNG")
        url = "data:;base64," + base64.b64encode(other).decode()
        return first, second, await reader.read("image", url, _PATH)

    first, second, other = _with_reader(twice)
    assert first is second
    assert other.content_hash != first.content_hash


def test_no_more_is_remembered_than_the_bound() -> None:
    async def read(reader: MediaReader) -> int:
        for width in range(10, 40):
            content = files.file_of(files.halves(size=(width, 10)), "PNG")
            url = "data:;base64," + base64.b64encode(content).decode()
            await reader.read("image", url, _PATH)
        kept: list[Any] = [decoded.media for decoded in reader._cached.values()]
        return sum(int(media.pixels.nbytes) for media in kept)

    assert 4_000 < _with_reader(read, cache_bytes=5_000) <= 5_000


def test_decoding_gives_way_to_everything_else() -> None:
    async def work() -> int:
        decoder = Decoder(MediaLimits())
        await decoder.decode("image", _PICTURE)
        assert decoder._process
        assert decoder._process.pid
        niceness = os.getpriority(os.PRIO_PROCESS, decoder._process.pid)
        await decoder.close()
        return niceness

    assert asyncio.run(work()) == os.nice(0) + 5


def test_a_decoder_that_was_brought_down_is_replaced() -> None:
    async def work() -> None:
        decoder = Decoder(MediaLimits())
        await decoder.decode("image", _PICTURE)
        first = decoder._process
        assert first is not None
        assert first.pid
        os.kill(first.pid, signal.SIGKILL)
        first.join()
        assert isinstance(await decoder.decode("image", _PICTURE), Image)
        await decoder.close()

    asyncio.run(work())


def test_a_file_that_takes_too_long_is_given_up_and_the_next_one_decoded() -> None:
    limits = MediaLimits(decode_timeout_s=0.001)

    async def work() -> None:
        decoder = Decoder(limits)
        with pytest.raises(MediaError, match=r"longer than 0\.001 s"):
            await decoder.decode("video", files.video(num_frames=200))
        decoder._limits = replace(limits, decode_timeout_s=30)
        assert isinstance(await decoder.decode("image", _PICTURE), Image)
        await decoder.close()

    asyncio.run(work())


def test_cancelling_ends_the_decoding() -> None:
    async def work() -> None:
        decoder = Decoder(MediaLimits())
        await decoder.decode("image", _PICTURE)
        task = asyncio.create_task(decoder.decode("video", files.video(num_frames=3000)))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert decoder._process is None
        assert isinstance(await decoder.decode("image", _PICTURE), Image)
        await decoder.close()

    asyncio.run(work())


def test_cancelling_a_file_that_is_just_done_spoils_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        decoder = Decoder(MediaLimits())
        await decoder.decode("image", _PICTURE)
        may_end = threading.Event()
        monkeypatch.setattr(decoder, "_decode", lambda kind, content: may_end.wait())
        task = asyncio.create_task(decoder.decode("image", _PICTURE))
        await asyncio.sleep(0)  # its process is idle again, only the answer is still on its way
        task.cancel()
        asyncio.get_running_loop().call_later(0.01, may_end.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        monkeypatch.undo()
        assert decoder._process is None
        assert isinstance(await decoder.decode("image", _PICTURE), Image)
        await decoder.close()

    asyncio.run(work())
