from __future__ import annotations

from typing import Any

import msgspec
import pytest

from palaver.bench.answer import Answer, excerpt
from palaver.bench.measurement import Failure, Usage


def body(content: dict[str, Any], key: str = "delta", **more: Any) -> bytes:
    return msgspec.json.encode({"choices": [{"index": 0, key: content}], **more})


FINISH = b'{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'


@pytest.mark.parametrize(
    "content",
    [
        {"content": "a"},
        {"content": " "},
        {"reasoning_content": "hm"},
        {"content": None, "reasoning": "hm"},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
        {"content": [{"type": "text", "text": "a"}]},
    ],
)
def test_text_thinking_and_tool_calls_are_content(content: dict[str, Any]) -> None:
    assert Answer().add(body(content))
    assert Answer().add(body(content, "message"))


@pytest.mark.parametrize(
    "content",
    [{}, {"role": "assistant", "content": ""}, {"content": None}, {"tool_calls": []}],
)
def test_role_and_emptiness_are_no_content(content: dict[str, Any]) -> None:
    assert not Answer().add(body(content))


def test_usage_is_read_with_what_the_cache_gave() -> None:
    answer = Answer()
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "unknown": {}}
    answer.add(msgspec.json.encode({"choices": [], "usage": usage}))
    assert answer.usage == Usage(9, 4, 0)
    details = {"prompt_tokens_details": {"cached_tokens": 8}}
    answer.add(msgspec.json.encode({"choices": [], "usage": usage | details}))
    assert answer.usage == Usage(9, 4, 8)


def test_null_usage_of_other_chunks_does_not_erase_the_counts() -> None:
    answer = Answer()
    answer.add(b'{"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}')
    answer.add(b'{"choices": [], "usage": null}')
    answer.add(b'{"choices": [], "usage": {}}')
    assert answer.usage == Usage(9, 4, 0)


@pytest.mark.parametrize("end", [FINISH, b"[DONE]"])
def test_done_or_a_finish_reason_ends_a_stream(end: bytes) -> None:
    answer = Answer()
    answer.add(body({"content": "a"}))
    answer.add(end)
    answer.close()
    assert answer.failure is None


def test_answer_that_breaks_off_has_failed() -> None:
    answer = Answer()
    answer.add(body({"content": "a"}))
    answer.close()
    assert answer.failure is not None
    assert answer.failure.kind == "cut off"


def test_answer_without_anything_in_it_has_failed() -> None:
    answer = Answer()
    answer.add(FINISH)
    answer.close()
    assert answer.failure is not None
    assert answer.failure.kind == "empty"


def test_tokens_without_visible_text_are_an_answer() -> None:
    answer = Answer()
    answer.add(FINISH)
    answer.add(b'{"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}')
    answer.close()
    assert answer.failure is None


@pytest.mark.parametrize(
    "data",
    [b'{"error": {"message": "no memory"}}', b'{"object": "error", "message": "no memory"}'],
)
def test_error_inside_a_stream_is_a_failure_even_if_the_stream_then_ends_well(data: bytes) -> None:
    answer = Answer()
    answer.add(body({"content": "a"}))
    assert not answer.add(data)
    answer.add(b"[DONE]")
    answer.close()
    assert answer.failure == Failure("error event", data.decode())


def test_null_error_is_none() -> None:
    answer = Answer()
    answer.add(body({"content": "a"}, error=None))
    assert answer.failure is None


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"choices": 4}', b"\xff"])
def test_an_invalid_answer_is_a_failure_that_shows_it(data: bytes) -> None:
    answer = Answer()
    assert not answer.add(data)
    assert answer.failure is not None
    assert answer.failure.kind == "bad JSON"
    assert data.decode(errors="replace") in answer.failure.message


def test_excerpt_is_bounded() -> None:
    assert excerpt(b" short \n") == "short"
    assert len(excerpt(b"x" * 5000)) < 400
