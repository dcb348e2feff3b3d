"""Spoken answers that later turns may refer to by their ids."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from palaver.errors import InvalidRequest

LIFETIME_S = 3600
_MAX_CHARACTERS = 16 * 2**20


class SpokenAnswers:
    """What was said in spoken answers: the text, which is what a model reads of them.

    They are forgotten an hour after they ended, when the server ends, and, the oldest first, when
    all of them together have more than 16 Mi characters.

    Args:
        now_s: The time in Unix seconds.
        max_characters: How much is remembered.
    """

    def __init__(
        self, now_s: Callable[[], float] = time.time, max_characters: int = _MAX_CHARACTERS
    ) -> None:
        self._now_s = now_s
        self._max_characters = max_characters
        self._num_characters = 0
        self._answers: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def keep(self, spoken_id: str, text: str) -> int:
        """Remember an answer; returns until when, in Unix seconds."""
        expires_s = int(self._now_s()) + LIFETIME_S
        self._answers[spoken_id] = (text, expires_s)
        self._num_characters += len(text)
        self._forget()
        return expires_s

    def find(self, spoken_id: str, path: str) -> str:
        """The text of an answer.

        Args:
            spoken_id: Its id.
            path: Where the request names it.

        Raises:
            InvalidRequest: It is not known, or not any more.
        """
        self._forget()
        if spoken_id not in self._answers:
            raise InvalidRequest(
                f"{path}: there is no spoken answer {spoken_id!r} here, or it has expired; they "
                f"can be referred to for {LIFETIME_S} s, send the text as content afterwards",
                param=path,
            )
        return self._answers[spoken_id][0]

    def _forget(self) -> None:
        while self._answers:
            text, expires_s = next(iter(self._answers.values()))
            if expires_s > self._now_s() and self._num_characters <= self._max_characters:
                return
            self._answers.popitem(last=False)
            self._num_characters -= len(text)
