"""Comparison of an answer with its recording."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema

from tests.conformance.answers import Answer
from tests.conformance.recording import Expectations, Text

_MISSING = object()


def check(answer: Answer, expect: Expectations) -> None:
    """Assert all that a recording expects of its answer, but for comparisons with others."""
    assert answer.status == expect.status, answer.body
    for name, value in expect.headers.items():
        assert answer.headers.get(name) == value, name
    for path, value in expect.fields.items():
        assert value_at(answer.body, path) == value, path
    for path in expect.present:
        assert value_at(answer.body, path) not in (_MISSING, None), path
    for path in expect.absent:
        assert value_at(answer.body, path) is _MISSING, path
    if expect.reason is not None:
        _check_error(answer.body, expect)
    else:
        _check_choices(answer.body, expect)


def value_at(body: Any, path: str) -> Any:
    """The value at a path such as ``choices[0].message.content``; a marker if there is none."""
    for step in _steps(path):
        is_there = step < len(body) if isinstance(step, int) else step in body
        if not is_there:
            return _MISSING
        body = body[step]
    return body


def _steps(path: str) -> Iterator[int | str]:
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path):
        yield name or int(index)


def _check_error(body: Any, expect: Expectations) -> None:
    assert body["reason"] == expect.reason
    assert body["error"]["param"] == expect.param
    for part in expect.says:
        assert part in body["message"]


def _check_choices(body: Any, expect: Expectations) -> None:
    choices = body.get("choices", [])
    contents = [choice["message"]["content"] for choice in choices]
    if expect.num_choices is not None:
        assert len(choices) == expect.num_choices
    if expect.distinct:
        assert len(set(contents)) == len(contents)
    if expect.completion_tokens is not None:
        assert body["usage"]["completion_tokens"] == expect.completion_tokens
    for choice in choices:
        if expect.finish_reason is not None:
            assert choice["finish_reason"] == expect.finish_reason
        _check_text(choice["message"]["content"] or "", expect.content)
        if expect.matches is not None:
            jsonschema.validate(json.loads(choice["message"]["content"]), expect.matches)
        if expect.reasoning is not None:
            _check_text(choice["message"]["reasoning_content"], expect.reasoning)


def _check_text(text: str, expect: Text) -> None:
    if expect.equals is not None:
        assert text == expect.equals
    assert text.startswith(expect.begins)
    assert text.endswith(expect.ends)
    assert all(part in text for part in expect.contains), text
    assert not any(part in text for part in expect.lacks), text
    assert {part: text.count(part) for part in expect.counts} == expect.counts, text
