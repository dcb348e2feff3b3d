"""Reading server-sent events in tests."""

from __future__ import annotations

import json
from typing import Any

import httpx


def stream_events(client: httpx.Client, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON of all events of a stream, which must be well-formed and end with ``[DONE]``."""
    path = "/v1/chat/completions"
    with client.stream("POST", path, json=body | {"stream": True}) as response:
        assert response.status_code == httpx.codes.OK, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        text = response.read().decode()
    events = [event for event in text.split("\n\n") if event and not event.startswith(":")]
    assert text.endswith("\n\n")
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events[:-1]]


def joined(events: list[dict[str, Any]], field: str = "content", choice: int = 0) -> str:
    """The text of one choice, put together from its deltas."""
    return "".join(
        part["delta"].get(field) or ""
        for event in events
        for part in event["choices"]
        if part["index"] == choice
    )
