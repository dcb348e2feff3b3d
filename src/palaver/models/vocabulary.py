"""Looks token names up in a vocabulary, without loading a tokenizer."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from palaver.errors import ModelFolderError


class _Token(msgspec.Struct):
    id: int
    content: str


class _Model(msgspec.Struct):
    vocab: dict[str, int] | list[Any] = {}


class _Description(msgspec.Struct):
    """The parts of a ``tokenizer.json`` that name tokens."""

    added_tokens: list[_Token] = []
    model: _Model = msgspec.field(default_factory=_Model)


class Vocabulary:
    """The tokens of a ``tokenizer.json`` by their names.

    Args:
        description: The text of the file.
        source: Where it comes from, for messages.

    Raises:
        ModelFolderError: The text describes no tokenizer.
    """

    def __init__(self, description: str, source: str) -> None:
        try:
            self._description = msgspec.json.decode(description, type=_Description)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ModelFolderError(f"{source}: cannot be read as a tokenizer: {error}") from error

    def id_of(self, token: str) -> int | None:
        """The id of a token, ``None`` if there is none of that name."""
        return self._ids.get(token)

    def has_token(self, token: str) -> bool:
        """Whether there is a token of that name."""
        return token in self._ids

    @cached_property
    def _ids(self) -> dict[str, int]:
        vocab = self._description.model.vocab
        if isinstance(vocab, list):  # a list of names with scores
            vocab = {entry[0]: i for i, entry in enumerate(vocab)}
        return vocab | {token.content: token.id for token in self._description.added_tokens}
