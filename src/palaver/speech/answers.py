"""The texts of spoken answers, which later requests refer to by their ids."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from cachetools import TTLCache

from palaver.errors import InvalidRequest

LIFETIME_S = 3600
_MAX_CHARACTERS = 16 * 2**20


class SpokenAnswers:
    """The texts of spoken answers, in memory.

    They expire after an hour, and the least recently used ones go when all of them together have
    more than 16 Mi characters.

    Args:
        now_s: The time in Unix seconds.
        max_characters: Limit of all texts together.
    """

    def __init__(
        self, now_s: Callable[[], float] = time.time, max_characters: int = _MAX_CHARACTERS
    ) -> None:
        self._now_s = now_s
        self._answers: TTLCache[str, str] = TTLCache(
            max_characters, LIFETIME_S, timer=lambda: int(now_s()), getsizeof=len
        )

    def keep(self, spoken_id: str, text: str) -> int:
        """Keep an answer; returns its expiry in Unix seconds."""
        with contextlib.suppress(ValueError):  # it is larger than the limit
            self._answers[spoken_id] = text
        return int(self._now_s()) + LIFETIME_S

    def find(self, spoken_id: str, path: str) -> str:
        """The text of an answer.

        Args:
            spoken_id: Its id.
            path: The field of the request that has the id, for messages.

        Raises:
            InvalidRequest: It is unknown or has expired.
        """
        text = self._answers.get(spoken_id)
        if text is None:
            raise InvalidRequest(
                f"{path}: there is no spoken answer {spoken_id!r} here, or it has expired; they "
                f"can be referred to for {LIFETIME_S} s, send the text as content afterwards",
                param=path,
            )
        return text
