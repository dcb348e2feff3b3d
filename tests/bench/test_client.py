from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from palaver.bench.client import Client
from palaver.bench.measurement import Measurement, Usage
from tests.bench.events import DONE, answer, delta, event, usage


class Chunks(httpx.AsyncByteStream):
    def __init__(self, chunks: list[bytes], fault: Exception | None = None) -> None:
        self._chunks = chunks
        self._fault = fault

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        if self._fault:
            raise self._fault


def streamed(
    *chunks: bytes, fault: Exception | None = None, encoding: str = "identity"
) -> Callable[[httpx.Request], httpx.Response]:
    headers = {
        "content-type": "text/event-stream; charset=utf-8",
        "content-encoding": encoding,
    }
    return lambda _: httpx.Response(200, headers=headers, stream=Chunks(list(chunks), fault))


def ask(
    handler: Callable[[httpx.Request], Any], *, timeout_s: float = 5.0, key: str | None = None
) -> Measurement:
    async def run() -> Measurement:
        transport = httpx.MockTransport(handler)
        url = "http://server/v1/"
        async with Client(url, key, timeout_s=timeout_s, transport=transport) as client:
            return await client.send({"model": "m", "stream": True})

    return asyncio.run(run())


def kind(measurement: Measurement) -> str | None:
    return measurement.failure.kind if measurement.failure else None


def test_each_event_with_content_has_a_time_and_no_other_has() -> None:
    measured = ask(streamed(*answer(3)))
    assert measured.failure is None
    assert len(measured.content_at_s) == 3
    assert measured.usage == Usage(7, 3)
    assert measured.begun_s <= measured.content_at_s[0] <= measured.content_at_s[-1]
    assert measured.content_at_s[-1] <= measured.ended_s


@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_results_do_not_depend_on_how_the_network_cuts_a_stream(size: int) -> None:
    stream = b"".join(answer(5)).replace(b"\n", b"\r\n")
    measured = ask(streamed(*(stream[i : i + size] for i in range(0, len(stream), size))))
    assert measured.failure is None
    assert len(measured.content_at_s) == 5
    assert measured.usage == Usage(7, 5)


def test_stream_without_done_and_last_blank_line_is_complete_if_it_says_why_it_ended() -> None:
    measured = ask(streamed(delta(content="a"), delta("stop"), usage(3, 1).rstrip()))
    assert measured.failure is None
    assert measured.usage == Usage(3, 1)


def test_compressed_stream_is_read_all_the_same() -> None:
    packed = gzip.compress(b"".join(answer(4)))
    measured = ask(streamed(packed, encoding="gzip"))
    assert measured.failure is None
    assert len(measured.content_at_s) == 4


def test_answer_in_one_piece_has_usage_but_no_token_times() -> None:
    body = {
        "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    measured = ask(lambda _: httpx.Response(200, json=body))
    assert measured.failure is None
    assert measured.content_at_s == ()
    assert measured.usage == Usage(5, 2)


def test_refusal_is_counted_by_its_status_and_quoted() -> None:
    measured = ask(lambda _: httpx.Response(429, json={"error": "slow down"}))
    assert measured.failure is not None
    assert measured.failure.kind == "HTTP 429"
    assert "slow down" in measured.failure.message


def test_page_that_is_not_an_answer_is_a_failure() -> None:
    assert kind(ask(lambda _: httpx.Response(200, html="<p>Welcome</p>"))) == "bad JSON"


def test_stream_that_breaks_off_keeps_its_times_and_has_failed() -> None:
    measured = ask(streamed(delta(content="a"), delta(content="b")))
    assert kind(measured) == "cut off"
    assert len(measured.content_at_s) == 2


def test_connection_lost_in_the_middle_is_a_failure_of_transport() -> None:
    fault = httpx.RemoteProtocolError("peer closed connection")
    measured = ask(streamed(delta(content="a"), fault=fault))
    assert kind(measured) == "transport"
    assert len(measured.content_at_s) == 1


def test_error_event_is_a_failure() -> None:
    error = event({"error": {"message": "engine died"}})
    assert kind(ask(streamed(delta(content="a"), error, DONE))) == "error event"


def test_server_that_is_not_there_is_a_failure_to_connect() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    assert kind(ask(refuse)) == "connect"


def test_an_invalid_url_is_a_failure_and_no_crash() -> None:
    async def run() -> Measurement:
        async with Client("server/v1") as client:
            return await client.send({})

    assert kind(asyncio.run(run())) == "transport"


def test_request_that_takes_too_long_times_out() -> None:
    async def sleep(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError("the client should have timed out")

    assert kind(ask(sleep, timeout_s=0.01)) == "timeout"


@pytest.mark.parametrize(("key", "expected"), [("sk-1", "Bearer sk-1"), (None, None)])
def test_key_is_sent_if_there_is_one(key: str | None, expected: str | None) -> None:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return streamed(*answer())(request)

    ask(handle, key=key)
    assert requests[0].headers.get("authorization") == expected
    assert str(requests[0].url) == "http://server/v1/chat/completions"
    assert requests[0].headers["content-type"] == "application/json"
