"""Spoken answers that later turns may refer to by their ids."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from cachetools import TTLCache

from palaver.errors import InvalidRequest

LIFETIME_S = 3600
_MAX_CHARACTERS = 16 * 2**20


class SpokenAnswers:
    """What was said in spoken answers: the text, which is what a model reads of them.

    They are forgotten an hour after they ended, when the server ends, and, those that were not
    referred to for longest first, when all of them together have more than 16 Mi characters.

    Args:
        now_s: The time in Unix seconds.
        max_characters: How much is remembered.
    """

    def __init__(
        self, now_s: Callable[[], float] = time.time, max_characters: int = _MAX_CHARACTERS
    ) -> None:
        self._now_s = now_s
        self._answers: TTLCache[str, str] = TTLCache(
            max_characters, LIFETIME_S, timer=lambda: int(now_s()), getsizeof=len
        )

    def keep(self, spoken_id: str, text: str) -> int:
        """Remember an answer; returns until when, in Unix seconds."""
        with contextlib.suppress(ValueError):  # it is larger than all that may be kept
            self._answers[spoken_id] = text
        return int(self._now_s()) + LIFETIME_S

    def find(self, spoken_id: str, path: str) -> str:
        """The text of an answer.

        Args:
            spoken_id: Its id.
            path: Where the request names it.

        Raises:
            InvalidRequest: It is not known, or not any more.
        """
        text = self._answers.get(spoken_id)
        if text is None:
            raise InvalidRequest(
                f"{path}: there is no spoken answer {spoken_id!r} here, or it has expired; they "
                f"can be referred to for {LIFETIME_S} s, send the text as content afterwards",
                param=path,
            )
        return text
