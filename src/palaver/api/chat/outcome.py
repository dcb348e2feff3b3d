"""How a completion ended: every accepted request ends in exactly one way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from palaver.chat.delta import Usage


class Outcome(StrEnum):
    """How a completion ended."""

    FINISHED = "finished"
    """Every choice was answered to its end, and the answer was handed over."""
    CANCELLED = "cancelled"
    """The client went away, or the server was stopped."""
    FAILED = "failed"
    """Something went wrong, and the client was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of one accepted request, for metrics and books.

    Attributes:
        completion_id: As the client knows it.
        account: Who asked, by the id of the API key.
        model: Name of the model.
        outcome: How it ended.
        usage: Tokens used, also where it was cut short.
        reason: The reason of the error, where it failed.
    """

    completion_id: str
    account: str
    model: str
    outcome: Outcome
    usage: Usage
    reason: str | None = None
