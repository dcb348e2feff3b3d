"""Requests and what must hold for their answers, read from ``recorded/*.json``.

A file is an array of recordings. Two notations shorten them:
``{"$repeat": ["text", 100]}`` is a string, and the key ``"$token x"`` is the id of the token that
stands for ``x`` in the built-in model's vocabulary.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from palaver.chat.tokenizer import Tokenizer
from palaver.models.catalogue import BUILT_IN_FOLDER

FOLDER = Path(__file__).parent / "recorded"
COMPLETIONS_PATH = "/v1/chat/completions"
_TOKEN = "$token "
_MODES = {"stream", "stream_options"}


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold for the text of every choice.

    Attributes:
        equals: It is this.
        begins: It begins so.
        ends: It ends so.
        contains: All of these are in it.
        lacks: None of these is in it.
        counts: How often each of these is in it.
    """

    equals: str | None = None
    begins: str = ""
    ends: str = ""
    contains: list[str] = []
    lacks: list[str] = []
    counts: dict[str, int] = {}


class Expectations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold for an answer, beyond what holds for every answer.

    Attributes:
        status: HTTP status.
        reason: An error's reason.
        param: The field that an error names.
        says: Text that an error's message contains.
        headers: Headers with their values; ``null`` for one that must not be there.
        fields: Values at paths such as ``choices[0].message.role``.
        present: Paths at which there is a value, and not ``null``.
        absent: Paths at which there is nothing, not even ``null``.
        num_choices: Number of choices.
        distinct: Whether the choices all differ from each other.
        completion_tokens: Number of completion tokens.
        finish_reason: Why each choice ended.
        content: What must hold for the content.
        reasoning: What must hold for the separate reasoning.
        matches: A JSON Schema that every content, read as JSON, matches.
        same_as: Changes to the request which leave its answer as it is.
        differs_from: Changes to the request which change its answer.
    """

    status: int = 200
    reason: str | None = None
    param: str | None = None
    says: list[str] = []
    headers: dict[str, str | None] = {}
    fields: dict[str, Any] = {}
    present: list[str] = []
    absent: list[str] = []
    num_choices: int | None = None
    distinct: bool = False
    completion_tokens: int | None = None
    finish_reason: str | None = None
    content: Text = Text()
    reasoning: Text | None = None
    matches: dict[str, Any] | None = None
    same_as: list[dict[str, Any]] = []
    differs_from: list[dict[str, Any]] = []


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request and what must hold for its answer.

    Attributes:
        name: The behaviour that it shows, as a sentence.
        rows: The specification's rows that it shows.
        expect: What must hold.
        request: The JSON body, if there is one.
        raw: A body that is not JSON, instead.
        method: HTTP method.
        path: HTTP path.
        headers: Further headers; ``null`` for one that is left out.
    """

    name: str
    rows: list[str]
    expect: Expectations
    request: dict[str, Any] | None = None
    raw: str | None = None
    method: str = "POST"
    path: str = COMPLETIONS_PATH
    headers: dict[str, str | None] = {}

    @property
    def is_completion(self) -> bool:
        """Whether a completion answers it."""
        return self.expect.status == 200 and self.path.endswith("/chat/completions")

    @property
    def has_mode(self) -> bool:
        """Whether the request sets ``stream`` itself."""
        return not _MODES.isdisjoint(self.request or {})

    @property
    def is_stream(self) -> bool:
        """Whether a stream answers it."""
        return self.is_completion and bool(self.request and self.request.get("stream"))

    def changed(self, changes: dict[str, Any]) -> Recording:
        """The same request with other fields; ``null`` leaves a field out."""
        left_out = {name for name, value in changes.items() if value is None}
        fields = (self.request or {}) | changes
        kept = {name: value for name, value in fields.items() if name not in left_out}
        return msgspec.structs.replace(self, request=kept)

    def the_other_way(self) -> Recording:
        """A stream's request as a unary one, and the other way round."""
        if self.is_stream:
            return self.changed(dict.fromkeys(_MODES))
        return self.changed({"stream": True, "stream_options": {"include_usage": True}})


def load() -> list[Recording]:
    """All recordings, file by file."""
    return [
        recording
        for path in sorted(FOLDER.glob("*.json"))
        for recording in msgspec.convert(
            _filled(msgspec.json.decode(path.read_bytes())), list[Recording]
        )
    ]


def parameter(recording: Recording, *further_rows: str) -> Any:
    """A recording as the parameter of a test, marked with its rows and further ones."""
    rows = dict.fromkeys([*recording.rows, *further_rows])
    return pytest.param(recording, id=recording.name, marks=[pytest.mark.spec(row) for row in rows])


def _filled(value: Any) -> Any:
    match value:
        case {"$repeat": [text, times]}:
            return text * times
        case dict():
            return {_key(name): _filled(item) for name, item in value.items()}
        case list():
            return [_filled(item) for item in value]
    return value


def _key(name: str) -> str:
    return str(token_id(name.removeprefix(_TOKEN))) if name.startswith(_TOKEN) else name


@cache
def token_id(text: str) -> int:
    """The token of the built-in model's vocabulary that stands for ``text``.

    Raises:
        ValueError: There is no such token.
    """
    token_ids = _tokenizer().encode(text)
    if len(token_ids) != 1:
        raise ValueError(f"{text!r} is not one token: {token_ids}")
    return token_ids[0]


@cache
def _tokenizer() -> Tokenizer:
    return Tokenizer((BUILT_IN_FOLDER / "tokenizer.json").read_text())
