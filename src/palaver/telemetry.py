"""Logging: one line an event, to standard error."""

from __future__ import annotations

import logging

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def configure_logging(level: str) -> None:
    """Log from ``level`` (debug, info, warning, error) on; palaver's own and its server's lines."""
    logging.basicConfig(format=_FORMAT, level=logging.WARNING)
    logging.getLogger("palaver").setLevel(level.upper())
