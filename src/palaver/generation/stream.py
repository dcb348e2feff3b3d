"""The tokens of one request, passed from a backend to the caller."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from palaver.errors import RequestError
from palaver.generation.output import TokenOutput


class Generation:
    """The tokens of one request as they come. It must be closed, which frees its memory.

    The caller reads with :meth:`next_tokens`; the backend writes with :meth:`deliver`,
    :meth:`deliver_hidden_states`, :meth:`settle` and :meth:`fail`.

    Args:
        num_choices: Number of choices.
        cancel: Called with a choice, or ``None`` for all, to stop generating.
        is_usage_late: Whether the backend reports the usage with :meth:`settle` after the tokens,
            as remote servers do; otherwise each token has it.

    Attributes:
        num_cached_tokens: Prompt tokens that were not computed again, as far as is known; final
            after :meth:`settled`.
        hidden_states: ``float32[N, hidden size]`` arrays, of the next N tokens of media in the
            prompt each; complete with the first token, if the request wants them.
        last_token_s: When the last token came, or the generation began; by :func:`time.monotonic`.
    """

    def __init__(
        self,
        num_choices: int,
        cancel: Callable[[int | None], None],
        *,
        is_usage_late: bool = False,
    ) -> None:
        self.num_cached_tokens = 0
        self.hidden_states: list[NDArray[np.float32]] = []
        self.last_token_s = time.monotonic()
        self._num_open = num_choices
        self._cancel = cancel
        self._ended: set[int] = set()
        self._tokens: list[TokenOutput] = []
        self._error: RequestError | None = None
        self._arrived = asyncio.Event()
        self._settled = asyncio.Event()
        if not is_usage_late:
            self._settled.set()

    @property
    def is_finished(self) -> bool:
        """Whether every choice has got its last token or was cancelled."""
        return self._num_open == 0

    @property
    def is_waiting(self) -> bool:
        """Whether the backend still has to deliver tokens: it is not finished, and did not fail."""
        return not self.is_finished and self._error is None

    async def next_tokens(self) -> list[TokenOutput]:
        """All tokens since the last call, at least one; empty once all choices have finished.

        Raises:
            ModelNotAvailable: The backend ended.
            AnswerTimeout: No token came within the token timeout.
            InvalidRequest: The backend can never serve the request.
            InternalError: The backend failed.
        """
        while not self._tokens and self._error is None and self._num_open:
            self._arrived.clear()
            await self._arrived.wait()
        if not self._tokens and self._error is not None:
            raise self._error
        tokens, self._tokens = self._tokens, []
        return tokens

    async def settled(self, timeout_s: float = 1.0) -> None:
        """Wait until the usage is final; give up after ``timeout_s`` seconds, with what is known.

        Returns at once where tokens have the usage.
        """
        if not self._settled.is_set():
            try:
                await asyncio.wait_for(self._settled.wait(), timeout_s)
            except TimeoutError:
                return

    def cancel(self, choice: int) -> None:
        """Stop one choice; no more tokens of it will come."""
        if choice not in self._ended:
            self._ended.add(choice)
            self._tokens = [token for token in self._tokens if token.choice != choice]
            self._cancel(choice)
            self._num_open -= 1
            self._arrived.set()

    def close(self) -> None:
        """Stop all choices that are still being generated."""
        self._cancel(None)

    def deliver(self, token: TokenOutput) -> None:
        """Add a token; one of a choice that has ended is dropped. For backends."""
        if token.choice in self._ended:
            return
        self.last_token_s = time.monotonic()
        self.num_cached_tokens = token.num_cached_tokens or self.num_cached_tokens
        self._tokens.append(token)
        if token.finish:
            self._ended.add(token.choice)
            self._num_open -= 1
        self._arrived.set()

    def deliver_hidden_states(self, rows: NDArray[np.float32]) -> None:
        """Add hidden states of media, before the first token. For backends."""
        self.last_token_s = time.monotonic()
        self.hidden_states.append(rows)

    def settle(self, num_cached_tokens: int) -> None:
        """Set the final usage, where it comes after the tokens. For backends."""
        self.num_cached_tokens = num_cached_tokens
        self._settled.set()

    def fail(self, error: RequestError) -> None:
        """End with an error, after the tokens that are already there; the first one counts.

        For backends.
        """
        self._error = self._error or error
        self._settled.set()
        self._arrived.set()
