"""``GET /v1/models``: the models of this server (spec row S46)."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Response

from palaver.api.auth import Authorized
from palaver.api.parts import Parts
from palaver.api.wire.response import ModelBody, ModelListBody
from palaver.models.card import ModelCard
from palaver.multimodal.media import MEDIA_KINDS

router = APIRouter(tags=["models"])


@router.get("/models", operation_id="listModels")
async def list_models(access: Authorized) -> Response:
    """All models of this server."""
    parts = access.parts
    return _json(ModelListBody(data=[_describe(model.card, parts) for model in parts.models]))


@router.get("/models/{name:path}", operation_id="showModel")
async def show_model(access: Authorized, name: str) -> Response:
    """One model; its name may contain slashes."""
    return _json(_describe(access.parts.models.get(name).card, access.parts))


def _describe(card: ModelCard, parts: Parts) -> ModelBody:
    voices = parts.speech.names_for(card.name) if parts.speech else list(card.speakers)
    return ModelBody(
        id=card.name,
        created=card.created_s,
        owned_by=card.name.partition("/")[0],
        title=card.name.rpartition("/")[2],
        description=card.description,
        context_size=card.window_tokens,
        max_output_tokens=card.window_tokens - 1,
        input_modalities=["text", *(kind for kind in MEDIA_KINDS if kind in card.media)],
        output_modalities=["text", "audio"] if voices else ["text"],
        voices=voices,
        features=[*(["reasoning"] if card.can_think else []), "tools", "structured-outputs"],
        input_token_price_per_m=card.input_price_per_m,
        output_token_price_per_m=card.output_price_per_m,
    )


def _json(body: ModelBody | ModelListBody) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
