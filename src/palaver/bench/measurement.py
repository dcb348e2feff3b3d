"""The measurement of one request."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed.

    Attributes:
        kind: A category, for counting: ``HTTP 429``, ``connect``, ``timeout``, ``cut off`` …
        message: The details.
    """

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request, as the server counts them."""

    prompt_tokens: int
    output_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One request; times are of one monotonic clock, in seconds.

    Attributes:
        begun_s: When it was due.
        ended_s: When its answer was complete, or failed.
        content_at_s: When each event with content came; empty if the answer was not streamed.
        usage: ``None`` if the server sent none.
        failure: ``None`` if it succeeded.
    """

    begun_s: float
    ended_s: float
    content_at_s: tuple[float, ...] = ()
    usage: Usage | None = None
    failure: Failure | None = None

    @property
    def total_s(self) -> float:
        """From when it was due until the end of its answer."""
        return self.ended_s - self.begun_s

    @property
    def time_to_first_token_s(self) -> float | None:
        """Until the first event with content; ``None`` if there was none."""
        return self.content_at_s[0] - self.begun_s if self.content_at_s else None

    @property
    def inter_token_s(self) -> list[float]:
        """The gaps between events with content."""
        return [after - before for before, after in pairwise(self.content_at_s)]

    @property
    def time_per_output_token_s(self) -> float | None:
        """Mean time for each token after the first; ``None`` for fewer than two tokens.

        Unlike the gaps, it does not depend on how many tokens a server puts into an event.
        """
        if len(self.content_at_s) < 2 or self.num_output_tokens < 2:
            return None
        return (self.content_at_s[-1] - self.content_at_s[0]) / (self.num_output_tokens - 1)

    @property
    def num_output_tokens(self) -> int:
        """The server's count; if it gives none, the number of events with content."""
        return self.usage.output_tokens if self.usage else len(self.content_at_s)
