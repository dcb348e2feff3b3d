"""Sends requests to a server and times them."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from palaver.bench.answer import Answer, excerpt
from palaver.bench.measurement import Failure, Measurement
from palaver.bench.sse import EventParser

_encode = msgspec.json.Encoder().encode
_now = time.perf_counter


class Client:
    """Connections to one server, one for each request that may be in flight.

    One is made for each level of load; ``async with`` closes the connections.

    Args:
        url: The API's base, which usually ends in ``/v1``.
        key: Sent as the bearer token; ``None`` sends none.
        concurrency: Requests that may be in flight at once.
        timeout_s: How long a whole request may take.
        transport: Replaces the network in tests.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        concurrency: int = 1,
        timeout_s: float = 600.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            headers=headers,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            timeout=httpx.Timeout(None),
            transport=transport,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def send(self, body: dict[str, Any], due_s: float | None = None) -> Measurement:
        """Send one request and read its answer to the end; errors become part of the result.

        Args:
            body: The request.
            due_s: When it should have been sent, if that was earlier than now.
        """
        content = _encode(body)
        begun_s = _now() if due_s is None else due_s
        answer = Answer()
        failure: Failure | None
        content_at_s: list[float] = []
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._http.stream("POST", self._url, content=content) as response,
            ):
                await _read(response, answer, content_at_s)
        except TimeoutError:
            failure = Failure("timeout", f"no complete answer in {self._timeout_s:g} s")
        except httpx.ConnectError as error:
            failure = Failure("connect", str(error))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = Failure("transport", f"{type(error).__name__}: {error}")
        else:
            failure = answer.failure
        return Measurement(
            begun_s=begun_s,
            ended_s=_now(),
            content_at_s=tuple(content_at_s),
            usage=answer.usage,
            failure=failure,
        )


async def _read(response: httpx.Response, answer: Answer, content_at_s: list[float]) -> None:
    if not response.is_success:
        body = await response.aread()
        answer.failure = Failure(f"HTTP {response.status_code}", excerpt(body))
        return
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        answer.add(await response.aread())
        answer.close()
        return
    parser = EventParser()
    async for chunk in response.aiter_bytes():
        received_s = _now()
        for data in parser.feed(chunk):
            if answer.add(data):
                content_at_s.append(received_s)
    for data in parser.close():
        if answer.add(data):
            content_at_s.append(_now())
    answer.close()
