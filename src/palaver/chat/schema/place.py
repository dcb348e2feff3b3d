"""A path in a request, and the refusals that name it."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from palaver.errors import InvalidRequest

_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")
_MAX_SHOWN_CHARS = 60


class Place:
    """A place in a request's JSON, as a path that error messages show.

    Args:
        path: ``response_format.json_schema.schema.properties.age``.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __str__(self) -> str:
        return self._path

    def __truediv__(self, step: str | int) -> Place:
        """The place of a key, or of an item of a list."""
        if isinstance(step, int):
            return Place(f"{self._path}[{step}]")
        if _PLAIN.fullmatch(step):
            return Place(f"{self._path}.{step}")
        return Place(f"{self._path}[{shown(step)}]")

    def cannot(self, keyword: str, why: str = "") -> NoReturn:
        """Refuse a keyword at this path.

        Raises:
            InvalidRequest: Always.
        """
        message = f'the keyword "{keyword}" cannot be enforced'
        (self / keyword).refuse(f"{message}: {why}" if why else message)

    def refuse(self, why: str) -> NoReturn:
        """Refuse the value at this path.

        Raises:
            InvalidRequest: Always.
        """
        raise InvalidRequest(f"{self}: {why}", param=str(self))


def shown(value: Any) -> str:
    """A value as an error message shows it, cut if it is long."""
    text = ascii(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= _MAX_SHOWN_CHARS else text[:_MAX_SHOWN_CHARS] + "…"
