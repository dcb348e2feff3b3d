"""Functions that a model may call, and its calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may call (spec rows S31, S32).

    Attributes:
        name: Its name, of letters, digits, ``_`` and ``-``.
        parameters: JSON Schema of its arguments; without one, any object.
        description: What it does, for the model.
        is_strict: Whether arguments match the schema exactly, always.
        enforced: The schema in the form in which it is enforced; ``None`` allows any object.
        path: Path of its schema in the request.
    """

    name: str
    parameters: Mapping[str, Any] | None = None
    description: str | None = None
    is_strict: bool = False
    enforced: Mapping[str, Any] | None = None
    path: str = "tools"

    @property
    def schema(self) -> Mapping[str, Any]:
        """The schema of its arguments; an empty one allows any object."""
        return self.parameters or {}

    def for_template(self) -> dict[str, Any]:
        """The tool as chat templates read it: only what was given."""
        fields = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return {"type": "function", "function": given}


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a model has made.

    Attributes:
        name: The function's name.
        arguments: Its arguments, JSON text.
        id: Id that the message with the result refers to.
    """

    name: str
    arguments: str
    id: str = ""


def call_id(prefix: str, choice: int, index: int) -> str:
    """The id of a call: the same for the same request, whether it is streamed or not.

    Args:
        prefix: Distinguishes requests: an id, or a seed.
        choice: Index of the choice.
        index: Index of the call within the choice.
    """
    place = f"{choice}/{index}/{prefix}"
    return "call_" + blake2b(place.encode(), digest_size=12).hexdigest()
