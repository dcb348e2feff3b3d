"""Sending recorded requests, and joining streams into unary answers."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import httpx

from tests.conformance.recording import Recording

_PER_REQUEST = ("id", "created")


@dataclass(frozen=True)
class Answer:
    """The answer to a recorded request.

    Attributes:
        status: HTTP status.
        headers: HTTP headers.
        body: Its JSON; a stream's is put together from its chunks.
    """

    status: int
    headers: httpx.Headers
    body: Any

    def comparable(self, *, has_usage: bool = True) -> tuple[int, Any]:
        """The answer without what depends on time and cache."""
        body = deepcopy(self.body)
        for field in _PER_REQUEST:
            body.pop(field, None)
        for choice in body.get("choices", ()):
            choice["message"].setdefault("reasoning_content", "")
            for field in ("id", "expires_at"):
                choice["message"].get("audio", {}).pop(field, None)
            if choice["logprobs"] is None:
                choice["logprobs"] = {"content": [], "refusal": None}
        if usage := body.get("usage"):
            usage["prompt_tokens_details"].pop("cached_tokens")
        if not has_usage:
            body.pop("usage", None)
        return self.status, body


class Answers:
    """Answers to requests that were sent alone, each of them sent once."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._by_name: dict[str, Answer] = {}

    def of(self, recording: Recording) -> Answer:
        """The answer to a recording as it stands."""
        if recording.name not in self._by_name:
            self._by_name[recording.name] = send(self._client, recording)
        return self._by_name[recording.name]


def send(client: httpx.Client, recording: Recording) -> Answer:
    """Send a recorded request and read its answer, unary or streamed."""
    request = client.build_request(
        recording.method,
        recording.path,
        json=recording.request,
        content=None if recording.raw is None else recording.raw.encode(),
        headers={name: value for name, value in recording.headers.items() if value is not None},
    )
    for name, value in recording.headers.items():
        if value is None:
            request.headers.pop(name, None)
    response = client.send(request)
    media_type = response.headers["content-type"].partition(";")[0]
    if media_type == "text/event-stream":
        assert recording.is_stream, "the request did not ask for a stream"
        return Answer(response.status_code, response.headers, assembled(events_in(response.text)))
    assert media_type == "application/json", media_type
    assert not recording.is_stream or response.is_error, "a stream was asked for"
    return Answer(response.status_code, response.headers, response.json())


def events_in(text: str) -> list[Any]:
    """The JSON of all events of a stream, which must be well-formed and end with ``[DONE]``."""
    assert text.endswith("\n\n")
    events = [event for event in text.split("\n\n") if event and not event.startswith(":")]
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    assert events[-1] == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events[:-1]]


def assembled(events: list[Any]) -> Any:
    """The unary answer that the events of a stream add up to."""
    first = events[0]
    for event in events:
        assert event["object"] == "chat.completion.chunk"
        assert [event[name] for name in ("id", "created", "model")] == [
            first[name] for name in ("id", "created", "model")
        ]
    body = {name: first[name] for name in ("id", "created", "model")}
    body |= {"object": "chat.completion"} | _usage(events)
    parts = [part for event in events for part in event["choices"]]
    indices = sorted({part["index"] for part in parts})
    body["choices"] = [_choice([p for p in parts if p["index"] == index]) for index in indices]
    return body


def _usage(events: list[Any]) -> dict[str, Any]:
    """``usage`` comes in no chunk, or in all of them, null but for a last one without choices."""
    if not any("usage" in event for event in events):
        assert all(event["choices"] for event in events)
        return {}
    *others, last = events
    assert last["choices"] == []
    assert all(event["usage"] is None and event["choices"] for event in others)
    return {"usage": last["usage"]}


def _choice(parts: list[Any]) -> dict[str, Any]:
    """The first delta has the role, the last one the finish reason, and no other has either."""
    first, *others = parts
    assert first["delta"]["role"] == "assistant"
    assert not any("role" in part["delta"] for part in others)
    *earlier, last = parts
    assert last["finish_reason"] is not None
    assert not any(part["finish_reason"] for part in earlier)
    message: dict[str, Any] = {"role": "assistant", "content": _joined(parts, "content")}
    if any("reasoning_content" in part["delta"] for part in parts):
        message["reasoning_content"] = _joined(parts, "reasoning_content")
    if deltas := [part["delta"]["audio"] for part in parts if "audio" in part["delta"]]:
        message["audio"] = _audio(deltas)
    if calls := _calls(parts):
        message |= {"content": message["content"] or None, "tool_calls": calls}
    entries = [entry for part in parts if part["logprobs"] for entry in part["logprobs"]["content"]]
    return {
        "index": first["index"],
        "message": message,
        "logprobs": {"content": entries, "refusal": None} if entries else None,
        "finish_reason": last["finish_reason"],
    }


def _audio(deltas: list[Any]) -> dict[str, Any]:
    """The id comes first, the expiry last, and the data, joined, are base64 of the whole."""
    first, *others = deltas
    assert not any("id" in delta for delta in others)
    *earlier, last = deltas
    assert not any("expires_at" in delta for delta in earlier)
    joined = {name: "".join(d.get(name, "") for d in deltas) for name in ("transcript", "data")}
    return {"id": first["id"], "expires_at": last["expires_at"]} | joined


def _joined(parts: list[Any], field: str) -> str:
    return "".join(part["delta"].get(field, "") for part in parts)


def _calls(parts: list[Any]) -> list[Any]:
    """Calls: id, type and name come first, then pieces of the arguments."""
    calls: list[Any] = []
    for delta in (d for part in parts for d in part["delta"].get("tool_calls", ())):
        if delta["index"] == len(calls):
            first = {"name": delta["function"]["name"], "arguments": ""}
            calls.append({"id": delta["id"], "type": delta["type"], "function": first})
        else:
            assert set(delta) == {"index", "function"}
            assert set(delta["function"]) == {"arguments"}
        calls[delta["index"]]["function"]["arguments"] += delta["function"]["arguments"]
    return calls
