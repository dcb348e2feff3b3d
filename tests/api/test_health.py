"""Metrics and the inspection of the engine, through the real server."""

from __future__ import annotations

import asyncio
import json
import re
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from palaver.api import health
from palaver.errors import ModelFolderError
from palaver.models.catalogue import BUILT_IN_FOLDER, ModelCatalogue
from palaver.models.model import Model
from palaver.testing import ScriptedBackend
from tests.server import MODEL, NO_END, RunningServer, chat


def metric(server: RunningServer, name: str) -> float:
    """The value of one metric of the built-in model."""
    text = httpx.get(f"{server.url}/metrics").text
    found = re.search(rf'^{name}{{model="{MODEL}"}} (\S+)$', text, re.MULTILINE)
    assert found, f"{name} is not there"
    return float(found[1])


@pytest.mark.spec("S52")
def test_metrics_count_every_token_once(server: RunningServer, client: httpx.Client) -> None:
    names = ("palaver_prompt_tokens_total", "palaver_decoded_tokens_total")
    before = [metric(server, name) for name in names]
    body = chat("A question that was never asked before.", max_tokens=9, logit_bias=NO_END)
    usage = client.post("/v1/chat/completions", json=body).json()["usage"]
    computed = usage["prompt_tokens"] - usage["prompt_tokens_details"]["cached_tokens"]
    after = [metric(server, name) for name in names]
    assert after[0] - before[0] == computed
    assert after[1] - before[1] == 8, "the first of nine tokens comes with the prompt"
    assert metric(server, "palaver_step_model_seconds_count") > 0


@pytest.mark.spec("S52")
def test_the_running_batch_can_be_inspected(server: RunningServer) -> None:
    body = chat("Tell me a story.", max_tokens=2000, stream=True, n=2, logit_bias=NO_END)
    with (
        server.client() as client,
        client.stream("POST", "/v1/chat/completions", json=body | {"temperature": 1}) as response,
    ):
        lines = response.iter_lines()  # kept, since collecting it closes the stream
        next(lines)
        with server.client() as other:
            found = other.get("/debug/engines").json()[MODEL]
        running = [sequence for sequence in found if sequence["state"] == "decode"]
        assert {sequence["choice"] for sequence in running} == {0, 1}, found
        assert all(sequence["num_answer_tokens"] > 0 for sequence in running)


def test_inspecting_the_batch_needs_a_key(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}/debug/engines").status_code == 401


def http_requests(server: RunningServer, labels: str) -> float:
    """How many requests with these labels the metrics have counted."""
    text = httpx.get(f"{server.url}/metrics").text
    found = re.search(rf"^palaver_http_requests_total{{{re.escape(labels)}}} (\S+)$", text, re.M)
    return float(found[1]) if found else 0


@pytest.mark.spec("S52")
def test_requests_are_counted_by_path_and_status(
    server: RunningServer, client: httpx.Client
) -> None:
    label = 'method="POST",path="/chat/completions",status="{}"'.format
    cases = {
        200: chat(max_tokens=1),
        400: chat(temperature=9),
        404: chat(model="nobody/nothing"),
    }
    for status, body in cases.items():
        before = http_requests(server, label(status))
        assert client.post("/v1/chat/completions", json=body).status_code == status
        assert http_requests(server, label(status)) == before + 1
    before = http_requests(server, 'method="GET",path="other",status="404"')
    client.get("/made/up/by/a/client")
    assert http_requests(server, 'method="GET",path="other",status="404"') == before + 1


@pytest.mark.spec("S52")
def test_the_time_to_the_first_token_is_observed_once_a_request(
    server: RunningServer, client: httpx.Client
) -> None:
    before = metric(server, "palaver_first_token_seconds_count")
    client.post("/v1/chat/completions", json=chat(max_tokens=5, n=3))
    client.post("/v1/chat/completions", json=chat(max_tokens=5, stream=True))
    assert metric(server, "palaver_first_token_seconds_count") == before + 2


async def unload_while_leased(model: Model) -> tuple[asyncio.Task[None], Any]:
    """Begin to unload a model that a request leases; returns the task and the lease."""
    lease = model.lease()
    lease.__enter__()
    draining = asyncio.create_task(model.unload(drain_s=3600))
    while model.is_ready:
        await asyncio.sleep(0)
    return draining, lease


class Unloadable(ScriptedBackend):
    async def start(self) -> Any:
        raise ModelFolderError("broken")


async def answers(models: ModelCatalogue) -> tuple[int, Any, int, Any]:
    """Status and body of ``/ready`` and of ``/debug/engines``."""
    parts: Any = SimpleNamespace(models=models)
    access: Any = SimpleNamespace(parts=parts)
    ready, engines = await health.ready(parts), await health.engines(access)
    bodies = [json.loads(bytes(response.body)) for response in (ready, engines)]
    return ready.status_code, bodies[0], engines.status_code, bodies[1]


@pytest.mark.spec("S52")
def test_models_that_cannot_answer_are_shown_with_their_states_beside_the_others() -> None:
    async def run() -> None:
        names = ("draining", "failed", "restarting")
        models = ModelCatalogue(
            dict.fromkeys(names, BUILT_IN_FOLDER),
            lambda card, files: Unloadable() if card.name == "failed" else ScriptedBackend(),
        )
        await models.get(MODEL).load()
        await models.get("draining").load()
        await models.get("restarting").load()
        await models.get("restarting").backend.stop()
        with pytest.raises(ModelFolderError):
            await models.get("failed").load()
        draining, lease = await unload_while_leased(models.get("draining"))
        status, ready, engines_status, engines = await answers(models)
        states = {"draining": "draining", "failed": "failed", "restarting": "loading"}
        assert (status, ready) == (503, {"status": "loading", "models": {MODEL: "ready"} | states})
        shown = {MODEL: [], "draining": [], "failed": "failed", "restarting": "loading"}
        assert (engines_status, engines) == (200, shown)
        lease.__exit__(None, None, None)
        await draining
        await models.unload()

    asyncio.run(run())
