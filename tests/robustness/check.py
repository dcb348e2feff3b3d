"""What must hold for every answer."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import httpx

from palaver.errors import RequestError
from tests.robustness.mutations import Attempt
from tests.server import RunningServer

_FIELDS = {"code", "reason", "message", "metadata", "error"}
_ERROR_FIELDS = {"message", "type", "param", "code"}
_REASONS = {(kind.status, kind.reason) for kind in RequestError.__subclasses__()}
_GAUGES = ("waiting_sequences", "running_sequences", "cache_blocks_held")
_SOON_S = 10.0


def request_of(client: httpx.Client | httpx.AsyncClient, attempt: Attempt) -> httpx.Request:
    """The HTTP request of an attempt."""
    content: Any = attempt.content
    if attempt.is_chunked:
        halves = [content[: len(content) // 2], content[len(content) // 2 :]]
        content = _stream(halves) if isinstance(client, httpx.AsyncClient) else iter(halves)
    return client.build_request(
        attempt.method, attempt.path, headers=attempt.headers, content=content
    )


async def _stream(parts: list[bytes]) -> Any:
    for part in parts:
        yield part


def fault_of(response: httpx.Response) -> str | None:
    """What is wrong with an answer; ``None`` if nothing is."""
    status = response.status_code
    if status >= 500 and not (status == 503 and "retry-after" in response.headers):
        return f"status {status}: {response.text[:200]}"
    if response.request.method == "HEAD":
        return f"a body of {len(response.content)} bytes after HEAD" if response.content else None
    if status >= 400:
        return _fault_of_error(response)
    if response.headers["content-type"].startswith("text/event-stream"):
        return _fault_of_stream(response.text)
    return None


def _fault_of_error(response: httpx.Response) -> str | None:
    try:
        body = response.json()
        detail = body["error"]
        is_complete = set(body) == _FIELDS and set(detail) == _ERROR_FIELDS
        is_honest = (response.status_code, body["reason"]) in _REASONS
        is_one = body["code"] == response.status_code and detail["message"] == body["message"]
    except (ValueError, KeyError, TypeError):
        return f"a {response.status_code} that is no error body: {response.text[:200]}"
    if not (is_complete and is_honest and is_one and body["message"]):
        return f"a {response.status_code} with a wrong error body: {response.text[:200]}"
    if len(body["message"]) > 1100:
        return f"a message of {len(body['message'])} characters"
    return None


def _fault_of_stream(text: str) -> str | None:
    events = [event for event in text.split("\n\n") if event and not event.startswith(":")]
    if not events or events[-1] != "data: [DONE]":
        return f"a stream without end: {text[-200:]}"
    for event in events[:-1]:
        try:
            chunk = json.loads(event.removeprefix("data: "))
        except ValueError:
            return f"an event that is no JSON: {event[:200]}"
        if "error" in chunk:
            return f"an error inside a stream: {event[:200]}"
    return None


def left_behind(server: RunningServer) -> str | None:
    """What the engine still holds some time after the last answer; ``None`` if nothing."""
    deadline_s = time.monotonic() + _SOON_S
    with server.client() as client:
        while True:
            sequences = [s for each in client.get("/debug/engines").json().values() for s in each]
            metrics = client.get("/metrics").text
            held = {name: _gauge(metrics, name) for name in _GAUGES}
            if not sequences and not any(held.values()):
                return None
            if time.monotonic() > deadline_s:
                return f"{len(sequences)} sequences, {held}"
            time.sleep(0.1)


def _gauge(metrics: str, name: str) -> float:
    return sum(map(float, re.findall(rf"^palaver_{name}{{[^}}]*}} (\S+)$", metrics, re.MULTILINE)))
