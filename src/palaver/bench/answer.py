"""Parses a server's answers, as far as a measurement needs."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import UNSET, Raw, UnsetType

from palaver.bench.measurement import Failure, Usage

_NOTHING = (b"", b"null", b'""', b"[]")
_MAX_MESSAGE = 300

_RawField: TypeAlias = Raw | UnsetType


class _PromptDetails(msgspec.Struct, frozen=True):
    cached_tokens: int | None = None


class _UsageBody(msgspec.Struct, frozen=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None

    def to_usage(self) -> Usage | None:
        """``None`` if the counts are missing."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        details = self.prompt_tokens_details
        cached = details.cached_tokens if details else None
        return Usage(self.prompt_tokens, self.completion_tokens, cached or 0)


class _Content(msgspec.Struct, frozen=True):
    """A ``delta`` or a ``message``; thinking has one of two names."""

    content: _RawField = UNSET
    reasoning_content: _RawField = UNSET
    reasoning: _RawField = UNSET
    tool_calls: _RawField = UNSET

    @property
    def is_empty(self) -> bool:
        fields = (self.content, self.reasoning_content, self.reasoning, self.tool_calls)
        return all(field is UNSET or bytes(field) in _NOTHING for field in fields)


class _Choice(msgspec.Struct, frozen=True):
    delta: _Content | None = None
    message: _Content | None = None
    finish_reason: str | None = None

    @property
    def has_content(self) -> bool:
        content = self.delta or self.message
        return content is not None and not content.is_empty


class _Body(msgspec.Struct, frozen=True):
    choices: list[_Choice] | None = None
    usage: _UsageBody | None = None
    error: _RawField = UNSET
    object: str | None = None

    @property
    def is_error(self) -> bool:
        """Errors come as OpenAI's ``error``, or flat with ``object: error``."""
        has_error = self.error is not UNSET and bytes(self.error) not in _NOTHING
        return has_error or self.object == "error"


_decode = msgspec.json.Decoder(_Body).decode


class Answer:
    """An answer as it comes in, as one body or as the events of a stream.

    Attributes:
        usage: Token counts, if the server sent them.
        failure: The first error, if any.
        is_finished: Whether a finish reason, or the end mark of the stream, was seen.
        has_content: Whether it had any content.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.failure: Failure | None = None
        self.is_finished = False
        self.has_content = False

    def add(self, data: bytes) -> bool:
        """Add a body or an event's data; returns whether it has content."""
        if data == b"[DONE]":
            self.is_finished = True
            return False
        try:
            body = _decode(data)
        except msgspec.MsgspecError as error:
            self._fail("bad JSON", f"{error}: {excerpt(data)}")
            return False
        if body.is_error:
            self._fail("error event", excerpt(data))
            return False
        if body.usage is not None:
            self.usage = body.usage.to_usage() or self.usage
        choices = body.choices or ()
        self.is_finished |= any(choice.finish_reason is not None for choice in choices)
        has_content = any(choice.has_content for choice in choices)
        self.has_content |= has_content
        return has_content

    def close(self) -> None:
        """End the answer; one that ended early, or is empty, has failed."""
        if not self.is_finished:
            self._fail("cut off", "the answer ended without a finish_reason")
        elif not self.has_content and not (self.usage and self.usage.output_tokens):
            self._fail("empty", "the answer has no content")

    def _fail(self, kind: str, message: str) -> None:
        self.failure = self.failure or Failure(kind, message)


def excerpt(data: bytes) -> str:
    """The beginning of what a server sent, as readable text."""
    text = data.decode(errors="replace").strip()
    return text if len(text) <= _MAX_MESSAGE else text[:_MAX_MESSAGE] + " …"
