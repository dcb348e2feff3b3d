"""The HTTP application: routes, middleware and error handlers, assembled."""

from __future__ import annotations

from fastapi import FastAPI

from palaver import __version__
from palaver.api import errors, health, models, parts
from palaver.api.chat import route
from palaver.api.measure import MeasureRequests
from palaver.api.paths import PREFIXES
from palaver.api.reference import docs, openapi, operations


def create_app(server: parts.Parts) -> FastAPI:
    """The application on top of its parts; the caller starts and stops those."""
    app = FastAPI(
        title="palaver",
        version=__version__,
        summary="Chat completions, answered from your own machine.",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    parts.install(app, server)
    errors.install(app)
    app.add_middleware(MeasureRequests, metrics=server.metrics.http)
    app.include_router(health.router)
    app.include_router(docs.router)
    for prefix in PREFIXES:
        is_documented = prefix == PREFIXES[0]
        app.include_router(route.router, prefix=prefix, include_in_schema=is_documented)
        app.include_router(models.router, prefix=prefix, include_in_schema=is_documented)
    openapi.install(app, operations.OPERATIONS)
    return app
