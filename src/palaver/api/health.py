"""Is the server up, and can its models answer (spec row S52)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from palaver.models.served import ModelRegistry

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """The server is running."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(request: Request) -> JSONResponse:
    """Whether each model can answer at this moment: 200 if all can, else 503."""
    registry: ModelRegistry = request.app.state.registry
    states = {model.name: "ready" if model.is_ready else "loading" for model in registry}
    return JSONResponse(
        {"status": "ok" if registry.is_ready else "loading", "models": states},
        200 if registry.is_ready else 503,
    )
