"""The tokens that a backend returns."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

TokenFinish: TypeAlias = Literal["stop", "length"]
"""Why an answer ends with a token: a stop token, or the limit of its length."""


class TokenLogprobs(msgspec.Struct, frozen=True, array_like=True):
    """Log probabilities of one generated token, before any sampling parameter (spec row S29).

    Attributes:
        logprob: Of the token itself.
        top: ``(token id, log probability)`` of the likeliest tokens, likeliest first.
    """

    logprob: float
    top: list[tuple[int, float]]


class TokenOutput(msgspec.Struct, frozen=True, array_like=True):
    """One generated token.

    Attributes:
        request_id: Id of the request.
        choice: Index of the choice.
        token_id: The token.
        finish: Why the choice ends with this token; ``None`` if it continues.
        num_cached_tokens: Prompt tokens that were not computed again.
        logprobs: Set if the request wants them.
    """

    request_id: int
    choice: int
    token_id: int
    finish: TokenFinish | None = None
    num_cached_tokens: int = 0
    logprobs: TokenLogprobs | None = None
