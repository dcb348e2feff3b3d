"""Health, readiness, metrics and the state of the engines (spec row S52)."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from palaver.api.auth import Authorized
from palaver.api.parts import ServerParts
from palaver.errors import ModelNotAvailable
from palaver.models.model import Model
from palaver.telemetry import METRICS_CONTENT_TYPE

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="health")
async def health() -> dict[str, str]:
    """The server is running."""
    return {"status": "ok"}


@router.get("/metrics", operation_id="metrics")
async def metrics(parts: ServerParts) -> Response:
    """Counters, gauges and histograms for Prometheus."""
    return Response(parts.metrics.text(), media_type=METRICS_CONTENT_TYPE)


@router.get("/debug/engines", operation_id="showEngines")
async def engines(access: Authorized) -> JSONResponse:
    """Each model's sequences, or the model's state where its engine is not running; needs a key."""
    return JSONResponse({model.name: await _sequences(model) for model in access.parts.models})


@router.get("/ready", operation_id="ready")
async def ready(parts: ServerParts) -> JSONResponse:
    """The state of each model: 200 if all can answer at this moment, else 503."""
    is_ready = parts.models.is_ready
    return JSONResponse(
        {
            "status": "ok" if is_ready else "loading",
            "models": {model.name: str(model.state) for model in parts.models},
        },
        200 if is_ready else 503,
    )


async def _sequences(model: Model) -> list[dict[str, Any]] | str:
    """The states of a model's sequences, or of the model itself where it has no engine now."""
    try:
        sequences = await model.backend.inspect()
    except ModelNotAvailable:
        return str(model.state)
    return [msgspec.structs.asdict(sequence) for sequence in sequences]
