"""The tokens of one request on their way from an engine process to whoever asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from palaver.errors import RequestError
from palaver.generation.output import TokenOutput


class Generation:
    """The tokens of one request as they come. Close it, finished or not: that frees its memory.

    Args:
        num_choices: Choices that will finish.
        cancel: Called with a choice, or ``None`` for all, to stop generating.
        states: Gets what the model makes of media, if somebody wants it.

    Attributes:
        heard_s: When its last token came, or it began; by :func:`time.monotonic`.
    """

    def __init__(
        self,
        num_choices: int,
        cancel: Callable[[int | None], None],
        states: list[NDArray[np.float32]] | None = None,
    ) -> None:
        self._states = states
        self._num_open = num_choices
        self._cancel = cancel
        self._ended: set[int] = set()
        self._tokens: list[TokenOutput] = []
        self._error: RequestError | None = None
        self.heard_s = time.monotonic()
        self._arrived = asyncio.Event()

    @property
    def is_finished(self) -> bool:
        """Whether every choice has got its last token or was cancelled."""
        return self._num_open == 0

    async def next_tokens(self) -> list[TokenOutput]:
        """All tokens that came since the last call, at least one; empty once all is finished.

        Raises:
            ModelNotAvailable: The engine died.
            AnswerTimeout: It has brought nothing for a long time.
            InvalidRequest: The engine can never serve the request.
            InternalError: It failed at it.
        """
        while not self._tokens and self._error is None and self._num_open:
            self._arrived.clear()
            await self._arrived.wait()
        if not self._tokens and self._error is not None:
            raise self._error
        tokens, self._tokens = self._tokens, []
        return tokens

    def cancel(self, choice: int) -> None:
        """Stop one choice; no more tokens of it will come."""
        if choice not in self._ended:
            self._ended.add(choice)
            self._tokens = [token for token in self._tokens if token.choice != choice]
            self._cancel(choice)
            self._num_open -= 1
            self._arrived.set()

    def close(self) -> None:
        """Stop whatever is still being generated."""
        self._cancel(None)

    def deliver(self, token: TokenOutput) -> None:
        """Hand a token over; called by the engine's client."""
        if token.choice in self._ended:
            return
        self.heard_s = time.monotonic()
        self._tokens.append(token)
        if token.finish:
            self._ended.add(token.choice)
            self._num_open -= 1
        self._arrived.set()

    def deliver_states(self, rows: NDArray[np.float32]) -> None:
        """Hand states of media over; called by the engine's client."""
        self.heard_s = time.monotonic()
        if self._states is not None:
            self._states.append(rows)

    def fail(self, error: RequestError) -> None:
        """End with an error, after the tokens that are already there."""
        self._error = error
        self._arrived.set()
