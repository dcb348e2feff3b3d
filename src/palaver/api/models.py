"""``GET /v1/models``: what there is to talk to (spec row S46)."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response

from palaver.api.auth import authenticate
from palaver.api.media import NAMES
from palaver.api.wire.response import ModelBody, ModelListBody
from palaver.models.served import ModelRegistry, ServedModel
from palaver.speech.catalogue import Voices

router = APIRouter(tags=["models"])


@router.get("/models", operation_id="listModels")
async def list_models(request: Request) -> Response:
    """All models of this server."""
    authenticate(request)
    registry: ModelRegistry = request.app.state.registry
    voices: Voices = request.app.state.voices
    return _json(ModelListBody(data=[_describe(model, voices) for model in registry]))


@router.get("/models/{name:path}", operation_id="showModel")
async def show_model(request: Request, name: str) -> Response:
    """One model; its name may contain slashes."""
    authenticate(request)
    registry: ModelRegistry = request.app.state.registry
    return _json(_describe(registry.get(name), request.app.state.voices))


def _describe(model: ServedModel, voices: Voices) -> ModelBody:
    window = model.window_tokens
    names = voices.names_for(model.name)
    return ModelBody(
        id=model.name,
        created=model.created_s,
        owned_by=model.name.partition("/")[0],
        title=model.name.rpartition("/")[2],
        description=model.folder.description,
        context_size=window,
        max_output_tokens=window - 1,
        input_modalities=["text", *(NAMES[kind] for kind in NAMES if kind in model.folder.kinds)],
        output_modalities=["text", "audio"] if names else ["text"],
        voices=names,
        features=_features(model),
        input_token_price_per_m=0,
        output_token_price_per_m=0,
    )


def _features(model: ServedModel) -> list[str]:
    can_think = model.is_ready and model.chat.can_think
    return [*(["reasoning"] if can_think else []), "tools", "structured-outputs"]


def _json(body: ModelBody | ModelListBody) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
