"""The state of one answer's grammar."""

from __future__ import annotations

from llguidance import LLMatcher

from palaver.errors import InvalidRequest


class Constraint:
    """The state of one answer's grammar: what may follow its tokens.

    Args:
        matcher: The compiled grammar; not shared with other answers.
        field: Field of the request that asked for the grammar.
    """

    def __init__(self, matcher: LLMatcher, field: str) -> None:
        self.matcher = matcher
        self._field = field

    @property
    def is_complete(self) -> bool:
        """Whether the answer must end here."""
        return self.matcher.is_stopped() and not self.matcher.is_error()

    @property
    def error(self) -> InvalidRequest | None:
        """Why the grammar cannot be enforced any longer; ``None`` if it can."""
        if not self.matcher.is_error():
            return None
        return too_complex(self._field, self.matcher.get_error())

    def accept(self, token_id: int) -> None:
        """Advance by a token that the mask allowed."""
        self.matcher.consume_token(token_id)

    def fast_forward(self, max_tokens: int) -> list[int]:
        """Advance by the tokens that must follow, at most ``max_tokens``; returns them."""
        token_ids: list[int] = self.matcher.compute_ff_tokens()[:max_tokens]
        if token_ids:
            self.matcher.consume_tokens(token_ids)
        return token_ids

    def copy(self) -> Constraint:
        """An independent copy of this state."""
        return Constraint(self.matcher.deep_copy(), self._field)


def too_complex(field: str, why: str) -> InvalidRequest:
    """The error for a grammar that cannot be enforced.

    Args:
        field: Field of the request that asked for it.
        why: The reason.
    """
    return InvalidRequest(f"{field}: cannot be enforced: {why}", param=field)
