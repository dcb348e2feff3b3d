"""What must hold for every answer."""

from __future__ import annotations

import base64
from typing import Any

from tests.conformance.answers import Answer
from tests.conformance.recording import Recording

_CHOICE_FIELDS = {"index", "message", "logprobs", "finish_reason"}
_ERROR_FIELDS = {"code", "reason", "message", "metadata", "error"}
_OPENING = "<think>\n"


def check_consistency(recording: Recording, answer: Answer) -> None:
    """Assert that an answer is consistent with itself and its request."""
    if answer.status >= 400:
        check_error(answer)
    elif recording.is_completion:
        check_completion(recording.request or {}, answer.body)


def check_error(answer: Answer) -> None:
    """The error body, which both the hosted service's clients and OpenAI's can read."""
    body, inner = answer.body, answer.body["error"]
    assert set(body) == _ERROR_FIELDS
    assert set(inner) == {"message", "type", "param", "code"}
    assert body["code"] == answer.status
    assert body["message"] == inner["message"]
    assert body["reason"].lower() == inner["code"]
    assert body["metadata"] == ({} if inner["param"] is None else {"param": inner["param"]})


def check_completion(request: dict[str, Any], body: Any) -> None:
    """Fields, counts and texts of a completion match each other and the request."""
    assert body["id"].startswith("chatcmpl-")
    assert body["object"] == "chat.completion"
    assert body["created"] > 1_700_000_000
    assert body["model"] == request["model"]
    assert [choice["index"] for choice in body["choices"]] == list(range(request.get("n") or 1))
    if "usage" in body:
        _check_usage(request, body)
    for choice in body["choices"]:
        assert set(choice) == _CHOICE_FIELDS
        assert choice["message"]["role"] == "assistant"
        assert choice["finish_reason"] in ("stop", "length", "tool_calls")
        assert (choice["finish_reason"] != "tool_calls") or choice["message"]["tool_calls"]
        _check_logprobs(request, choice)
        _check_stops(request, choice)
        _check_audio(choice)


def _check_usage(request: dict[str, Any], body: Any) -> None:
    usage, choices = body["usage"], body["choices"]
    num_tokens = usage["completion_tokens"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + num_tokens
    num_tokens -= usage["completion_tokens_details"]["audio_tokens"]
    assert 0 <= usage["prompt_tokens_details"]["cached_tokens"] <= usage["prompt_tokens"]
    assert 0 <= usage["completion_tokens_details"]["reasoning_tokens"] <= num_tokens
    limit = request.get("max_tokens") or request.get("max_completion_tokens")
    if limit is not None and usage["total_tokens"] < 4096:
        assert num_tokens <= limit * len(choices)
        if all(choice["finish_reason"] == "length" for choice in choices):
            assert num_tokens == limit * len(choices)


def _check_logprobs(request: dict[str, Any], choice: Any) -> None:
    if not request.get("logprobs"):
        assert choice["logprobs"] is None
        return
    entries = (choice["logprobs"] or {"content": []})["content"]
    message = choice["message"]
    text = (message["content"] or "").removeprefix(
        _OPENING if request.get("enable_thinking") else ""
    )
    if not (message.get("reasoning_content") or message.get("tool_calls")):
        assert b"".join(bytes(e["bytes"]) for e in entries).decode(errors="replace") == text
    for entry in entries:
        top = [other["logprob"] for other in entry["top_logprobs"]]
        assert len(top) == (request.get("top_logprobs") or 0)
        assert top == sorted(top, reverse=True)
        assert max([entry["logprob"], *top]) <= 0
        assert (
            entry["token"] == bytes(entry["bytes"]).decode(errors="replace") or not entry["bytes"]
        )


def _check_audio(choice: Any) -> None:
    """The transcript of the audio is the text without thinking."""
    if audio := choice["message"].get("audio"):
        assert set(audio) == {"id", "data", "transcript", "expires_at"}
        assert choice["message"]["content"].endswith(audio["transcript"])
        assert len(base64.b64decode(audio["data"], validate=True)) > 1000


def _check_stops(request: dict[str, Any], choice: Any) -> None:
    """A stop string may only be at the end of the text."""
    stop = request.get("stop") or []
    stops = [stop] if isinstance(stop, str) else stop
    if request.get("enable_thinking"):
        return
    text = choice["message"]["content"] or ""
    assert not any(stop in text[:-1] for stop in stops)
    if any(text.endswith(stop) for stop in stops):
        assert choice["finish_reason"] == "stop"
