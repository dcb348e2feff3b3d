"""``GET /v1/models``, ``/health`` and ``/ready`` through the real server."""

from __future__ import annotations

import httpx
import pytest

from tests.server import MODEL, RunningServer

FIELDS = {
    "id": str,
    "object": str,
    "created": int,
    "owned_by": str,
    "title": str,
    "description": str,
    "context_size": int,
    "max_output_tokens": int,
    "input_modalities": list,
    "output_modalities": list,
    "voices": list,
    "features": list,
    "input_token_price_per_m": int,
    "output_token_price_per_m": int,
}


@pytest.mark.spec("S46")
@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/v3/openai", "/openai"])
def test_models_are_listed_with_every_field(client: httpx.Client, prefix: str) -> None:
    body = client.get(f"{prefix}/models").json()
    assert body["object"] == "list"
    (model,) = body["data"]
    assert {name: type(value) for name, value in model.items()} == FIELDS
    assert model["id"] == MODEL
    assert model["owned_by"] == "palaver"
    assert model["context_size"] == 4096


@pytest.mark.spec("S46")
def test_one_model_is_found_by_its_name_with_the_slash(client: httpx.Client) -> None:
    listed = client.get("/v1/models").json()["data"][0]
    assert client.get(f"/v1/models/{MODEL}").json() == listed
    assert client.get("/v1/models/palaver%2Ftiny").json() == listed


@pytest.mark.spec("S46")
def test_an_unknown_model_is_404(client: httpx.Client) -> None:
    response = client.get("/v1/models/nobody/nothing")
    assert response.status_code == 404
    assert response.json()["reason"] == "MODEL_NOT_FOUND"


def test_models_need_a_key(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}/v1/models").status_code == 401


@pytest.mark.spec("S52")
def test_health_and_readiness_need_no_key(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}/health").json() == {"status": "ok"}
    ready = httpx.get(f"{server.url}/ready")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ok", "models": {MODEL: "ready"}}
