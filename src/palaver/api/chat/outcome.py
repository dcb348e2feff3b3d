"""How a completion ended: every accepted request ends in exactly one way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from palaver.chat.delta import Usage


class Outcome(StrEnum):
    """How a completion ended."""

    FINISHED = "finished"
    """Every choice was generated to its end; a stream was also sent to the client."""
    CANCELLED = "cancelled"
    """The client disconnected, or the server was stopped."""
    FAILED = "failed"
    """An error occurred, and was reported to the client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of one accepted request, for metrics and accounting.

    Attributes:
        completion_id: The completion's id in the response.
        account: Id of the API key that the request came with.
        model: Name of the model.
        outcome: How it ended.
        usage: Tokens used, also where it was cut short.
        reason: The reason of the error, if it failed.
    """

    completion_id: str
    account: str
    model: str
    outcome: Outcome
    usage: Usage
    reason: str | None = None
