"""Is the server up, can its models answer, what are they doing (spec row S52)."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from palaver.api.auth import authenticate
from palaver.models.served import ModelRegistry
from palaver.telemetry import METRICS_CONTENT_TYPE, Metrics

router = APIRouter(tags=["health"])


@router.get("/health", operation_id="health")
async def health() -> dict[str, str]:
    """The server is running."""
    return {"status": "ok"}


@router.get("/metrics", operation_id="metrics")
async def metrics(request: Request) -> Response:
    """Counters, gauges and histograms for Prometheus."""
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(), media_type=METRICS_CONTENT_TYPE)


@router.get("/debug/engines", operation_id="showEngines")
async def engines(request: Request) -> JSONResponse:
    """Where every sequence in every engine stands at this moment; needs a key."""
    authenticate(request)
    registry: ModelRegistry = request.app.state.registry
    states = {model.name: await model.engine.inspect() for model in registry}
    return JSONResponse(
        {name: [msgspec.structs.asdict(s) for s in found] for name, found in states.items()}
    )


@router.get("/ready", operation_id="ready")
async def ready(request: Request) -> JSONResponse:
    """Whether each model can answer at this moment: 200 if all can, else 503."""
    registry: ModelRegistry = request.app.state.registry
    states = {model.name: "ready" if model.is_ready else "loading" for model in registry}
    return JSONResponse(
        {"status": "ok" if registry.is_ready else "loading", "models": states},
        200 if registry.is_ready else 503,
    )
