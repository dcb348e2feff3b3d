"""Health, readiness, metrics and the state of the engines (spec row S52)."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from palaver.api.auth import Authorized
from palaver.api.parts import ServerParts
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
    """The state of every sequence in every engine; needs a key."""
    states = {model.name: await model.backend.inspect() for model in access.parts.models}
    return JSONResponse(
        {name: [msgspec.structs.asdict(s) for s in found] for name, found in states.items()}
    )


@router.get("/ready", operation_id="ready")
async def ready(parts: ServerParts) -> JSONResponse:
    """Whether each model can answer at this moment: 200 if all can, else 503."""
    is_ready = parts.models.is_ready
    return JSONResponse(
        {
            "status": "ok" if is_ready else "loading",
            "models": {m.name: "ready" if m.is_ready else "loading" for m in parts.models},
        },
        200 if is_ready else 503,
    )
