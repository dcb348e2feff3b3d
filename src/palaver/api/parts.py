"""The parts of a server that answer requests, as typed dependencies of the routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, Request

from palaver.accounts.keys import KeyStore
from palaver.api.chat.media import MediaIntake
from palaver.models.catalogue import ModelCatalogue
from palaver.schemas.checker import SchemaChecker
from palaver.settings import Settings
from palaver.telemetry import Metrics

if TYPE_CHECKING:  # a server without voices does not load the speech modules
    from palaver.speech.service import SpeechService


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The server's parts that the routes use.

    Attributes:
        settings: The server's settings.
        models: All models.
        keys: The valid API keys.
        metrics: Where requests are recorded.
        media: Reads the media of requests.
        schemas: Checks the schemas of requests.
        speech: Speaks answers; ``None`` where there are no voices.
    """

    settings: Settings
    models: ModelCatalogue
    keys: KeyStore
    metrics: Metrics
    media: MediaIntake
    schemas: SchemaChecker
    speech: SpeechService | None = None


def install(app: FastAPI, parts: Parts) -> None:
    """Give an application's routes their parts."""
    app.state.parts = parts


async def parts_of(request: Request) -> Parts:
    """The parts of the application that a request came to."""
    parts: Parts = request.app.state.parts
    return parts


ServerParts = Annotated[Parts, Depends(parts_of)]
"""A route's parameter that gets the server's parts."""
