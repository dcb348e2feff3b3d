"""The HTTP application: everything that answers, put together."""

from __future__ import annotations

from fastapi import FastAPI

from palaver import __version__
from palaver.accounts.keys import KeyStore
from palaver.api import chat_completions, docs, errors, health, models, openapi, operations
from palaver.api.measure import PREFIXES, MeasureRequests
from palaver.api.media import MediaIntake
from palaver.config import Settings
from palaver.media.reader import MediaReader
from palaver.models.served import ModelRegistry
from palaver.schemas.checker import SchemaChecker
from palaver.speech.answers import SpokenAnswers
from palaver.speech.catalogue import Voices
from palaver.telemetry import Metrics


def create_app(
    settings: Settings,
    registry: ModelRegistry,
    keys: KeyStore,
    metrics: Metrics,
    media: MediaReader,
    voices: Voices,
) -> FastAPI:
    """The application over its parts; the caller starts models and voices, and ends all."""
    app = FastAPI(
        title="palaver",
        version=__version__,
        summary="Chat completions, answered from your own machine.",
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.registry = registry
    app.state.keys = keys
    app.state.metrics = metrics
    app.state.media = MediaIntake(media, settings.max_media)
    app.state.schemas = SchemaChecker()
    app.state.voices = voices
    app.state.spoken_answers = SpokenAnswers()
    errors.install(app)
    app.add_middleware(MeasureRequests, metrics=metrics.http)
    app.include_router(health.router)
    app.include_router(docs.router)
    for prefix in PREFIXES:
        is_documented = prefix == PREFIXES[0]
        app.include_router(chat_completions.router, prefix=prefix, include_in_schema=is_documented)
        app.include_router(models.router, prefix=prefix, include_in_schema=is_documented)
    openapi.install(app, operations.OPERATIONS)
    return app
