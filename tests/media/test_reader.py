"""Media of requests: their source, decoding in a child process, and the cache."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import numpy as np
import pytest

from palaver.errors import InternalError, InvalidRequest, ModelNotAvailable
from palaver.media.decode import decode
from palaver.media.decoder import Decoder
from palaver.media.error import MediaError
from palaver.media.limits import MediaLimits
from palaver.media.reader import MediaReader
from palaver.multimodal.media import Image, Kind

from . import files

T = TypeVar("T")

_IMAGE = files.file_of(files.halves(), "PNG")
_DATA_URL = "data:image/png;base64," + base64.b64encode(_IMAGE).decode()
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


def test_bare_base64_is_accepted_only_where_it_is_allowed() -> None:
    data = base64.b64encode(files.audio(files.tone())).decode()

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
def test_an_invalid_image_is_refused_and_its_part_named(reference: str, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refusal:
        _with_reader(lambda reader: reader.read("image", reference, _PATH))
    assert refusal.value.param == _PATH
    assert refusal.value.message.startswith(f"{_PATH}: ")


def test_a_file_past_the_limit_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(InvalidRequest, match="100 are the limit"):
        _with_reader(
            lambda reader: reader.read("image", _DATA_URL, _PATH), MediaLimits(max_bytes=100)
        )


def test_repeated_content_is_not_decoded_again() -> None:
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


def test_the_decoded_cache_stays_within_its_limit() -> None:
    async def read(reader: MediaReader) -> int:
        for width in range(10, 40):
            content = files.file_of(files.halves(size=(width, 10)), "PNG")
            url = "data:;base64," + base64.b64encode(content).decode()
            await reader.read("image", url, _PATH)
        return reader.num_cached_bytes

    assert 4_000 < _with_reader(read, cache_bytes=5_000) <= 5_000


def test_a_file_larger_than_the_cache_is_still_decoded() -> None:
    decoded = _with_reader(lambda reader: reader.read("image", _DATA_URL, _PATH), cache_bytes=10)
    assert isinstance(decoded.media, Image)


def _with_decoder(work: Callable[[Decoder], Awaitable[T]], limits: MediaLimits | None = None) -> T:
    async def run() -> T:
        decoder = Decoder(limits or MediaLimits())
        try:
            return await work(decoder)
        finally:
            await decoder.close()

    return asyncio.run(run())


async def _stop(decoder: Decoder) -> int:
    """Start its process and stop it with a signal; returns its process id."""
    await decoder.decode("image", _IMAGE)
    assert decoder.pid
    os.kill(decoder.pid, signal.SIGSTOP)
    return decoder.pid


@pytest.mark.parametrize(
    ("kind", "content"),
    [("image", _IMAGE), ("video", files.video()), ("audio", files.audio(files.tone()))],
)
def test_media_come_from_the_process_as_they_were_decoded(kind: Kind, content: bytes) -> None:
    found = _with_decoder(lambda decoder: decoder.decode(kind, content))
    expected = decode(kind, content, MediaLimits())
    assert type(found) is type(expected)
    for name in expected.__slots__:
        assert np.array_equal(getattr(found, name), getattr(expected, name))


def test_decoding_is_nice_where_the_server_is_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("palaver.host.tuning.is_tuned", lambda: True)

    async def work(decoder: Decoder) -> int:
        await decoder.decode("image", _IMAGE)
        assert decoder.pid
        return os.getpriority(os.PRIO_PROCESS, decoder.pid)

    assert _with_decoder(work) == os.nice(0) + 5


def test_a_killed_decoder_is_replaced() -> None:
    async def work(decoder: Decoder) -> None:
        await decoder.decode("image", _IMAGE)
        assert decoder.pid
        os.kill(decoder.pid, signal.SIGKILL)
        while decoder.pid:
            await asyncio.sleep(0.01)
        with contextlib.suppress(MediaError):  # its end may not have been noticed yet
            await decoder.decode("image", _IMAGE)
        assert isinstance(await decoder.decode("image", _IMAGE), Image)

    _with_decoder(work)


def test_a_file_that_crashes_the_decoder_is_refused() -> None:
    async def work(decoder: Decoder) -> None:
        await _stop(decoder)
        task = asyncio.create_task(decoder.decode("image", _IMAGE))
        await asyncio.sleep(0.01)
        os.kill(decoder.pid or 0, signal.SIGKILL)
        with pytest.raises(MediaError, match="brings the decoder down"):
            await task
        assert isinstance(await decoder.decode("image", _IMAGE), Image)

    _with_decoder(work)


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_decoded() -> None:
    async def work(decoder: Decoder) -> None:
        await _stop(decoder)
        with pytest.raises(MediaError, match="longer than 2 s"):
            await decoder.decode("image", _IMAGE)
        assert isinstance(await decoder.decode("image", _IMAGE), Image)

    _with_decoder(work, MediaLimits(decode_timeout_s=2))


def test_cancelling_ends_the_decoding() -> None:
    async def work(decoder: Decoder) -> None:
        first = await _stop(decoder)
        task = asyncio.create_task(decoder.decode("image", _IMAGE))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert isinstance(await decoder.decode("image", _IMAGE), Image)
        assert decoder.pid != first

    _with_decoder(work)


def test_a_decoder_that_cannot_be_started_is_not_blamed_on_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("too many processes")

    async def work(reader: MediaReader) -> None:
        with monkeypatch.context() as without_processes:
            without_processes.setattr(subprocess, "Popen", fail)
            with pytest.raises(ModelNotAvailable, match="decoder does not start"):
                await reader.read("image", _DATA_URL, _PATH)
        assert isinstance((await reader.read("image", _DATA_URL, _PATH)).media, Image)

    _with_reader(work)


def test_a_fault_of_the_decoder_itself_is_not_blamed_on_the_file() -> None:
    async def work(decoder: Decoder) -> None:
        with pytest.raises(InternalError, match="decoder failed"):
            await decoder.decode(cast(Kind, "a kind that it does not know"), _IMAGE)
        assert isinstance(await decoder.decode("image", _IMAGE), Image)

    _with_decoder(work)
