"""Where one answer stands in its grammar."""

from __future__ import annotations

from llguidance import LLMatcher

from palaver.errors import InvalidRequest


class Constraint:
    """Where one answer stands in its grammar.

    Args:
        matcher: At the grammar's beginning; this answer's own.
        field: Field of the request that asked for the grammar.
    """

    def __init__(self, matcher: LLMatcher, field: str) -> None:
        self.matcher = matcher
        self._field = field

    @property
    def is_complete(self) -> bool:
        """Whether the answer can only end here."""
        return self.matcher.is_stopped() and not self.matcher.is_error()

    @property
    def error(self) -> InvalidRequest | None:
        """Why the grammar cannot be followed any further, if it is so."""
        if not self.matcher.is_error():
            return None
        return too_complex(self._field, self.matcher.get_error())

    def accept(self, token_id: int) -> None:
        """Go on by a token that the mask allowed."""
        self.matcher.consume_token(token_id)

    def fast_forward(self, num_most: int) -> list[int]:
        """Go on by the tokens that must follow, at most so many; returns them."""
        token_ids: list[int] = self.matcher.compute_ff_tokens()[:num_most]
        if token_ids:
            self.matcher.consume_tokens(token_ids)
        return token_ids

    def copy(self) -> Constraint:
        """An independent one at the same place."""
        return Constraint(self.matcher.deep_copy(), self._field)


def too_complex(field: str, why: str) -> InvalidRequest:
    """The refusal of a grammar that cannot be followed.

    Args:
        field: Field of the request that asked for it.
        why: The reason.
    """
    return InvalidRequest(f"{field}: cannot be enforced: {why}", param=field)
