"""Counts and times requests for ``/metrics``."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from palaver.api.paths import PREFIXES
from palaver.telemetry import HttpMetrics

_CLIENT_GONE = 499
_UNKNOWN_PATH = "other"


class MeasureRequests:
    """Middleware that records each request once its answer has been sent completely.

    Args:
        app: The application that answers.
        metrics: Where the figures go.
    """

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; called by the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = _CLIENT_GONE

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        begin_s = time.perf_counter()
        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, noting_status)
        finally:
            self._metrics.in_progress.dec()
            path = _path(scope)
            self._metrics.answered(scope["method"], path, status, time.perf_counter() - begin_s)


def _path(scope: Scope) -> str:
    """The route's path as declared, so that arbitrary paths of clients do not become labels.

    The API's prefixes are equivalent and are left out, as some versions of FastAPI do as well.
    """
    declared: str = getattr(scope.get("route"), "path", None) or _UNKNOWN_PATH
    for prefix in PREFIXES:
        if declared.startswith(f"{prefix}/"):
            return declared.removeprefix(prefix)
    return declared
