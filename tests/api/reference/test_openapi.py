"""The OpenAPI document describes what the server accepts and answers."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from palaver import errors
from palaver.accounts.database import open_database
from palaver.accounts.keys import KeyStore
from palaver.api import body
from palaver.api.app import create_app
from palaver.api.body import parse_json_object
from palaver.api.chat.intake import chat_request
from palaver.api.chat.media import MediaIntake
from palaver.api.parts import Parts
from palaver.api.reference.examples import FAILURES, QUESTIONS, STREAMS
from palaver.api.reference.values import fields_table
from palaver.api.wire.request import ChatCompletionRequest
from palaver.chat.request import ChatRequest
from palaver.engine.process.backend import ProcessBackend
from palaver.errors import InvalidRequest
from palaver.media.reader import MediaReader
from palaver.models.catalogue import ModelCatalogue
from palaver.models.lifecycle import State
from palaver.models.model import Model
from palaver.schemas.checker import SchemaChecker
from palaver.server import engine_config, media_limits
from palaver.settings import load_settings
from palaver.telemetry import Metrics
from tests.robustness.mutations import mutated_body
from tests.server import KEY, MODEL, chat

ROOT = Path(__file__).parents[3]
PATH = "/v1/chat/completions"
ACROSS_FIELDS = {"json_schema", "across_fields"}
"""Errors of rules between fields, which the document describes in prose."""


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> dict[str, Any]:
    served: dict[str, Any] = client.get("/openapi.json").json()
    return served


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """The application with models that are not started."""

    return create_app(parts(tmp_path))


def parts(data_dir: Path) -> Parts:
    """The parts of a server whose models are not started."""
    settings = load_settings({}, {})
    return Parts(
        settings=settings,
        models=ModelCatalogue(
            {}, lambda card, files: ProcessBackend(card.name, engine_config(settings, files))
        ),
        keys=KeyStore(open_database(data_dir), KEY),
        metrics=Metrics(),
        media=MediaIntake(MediaReader(media_limits(settings)), settings.max_media),
        schemas=SchemaChecker(),
    )


def answer_of(app: FastAPI, method: str, path: str, **options: Any) -> httpx.Response:
    """The response of the application, called without a server."""
    headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, headers=headers, **options)

    return asyncio.run(ask())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def examples(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Name, schema and value of every example."""
    for path, method, operation in operations(document):
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for described in [*bodies, *operation["responses"].values()]:
            for kind, media in described["content"].items():
                for name, example in media.get("examples", {}).items():
                    yield (
                        f"{method} {path} {kind} {name}",
                        media.get("schema", {}),
                        example["value"],
                    )


def mismatches(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """Why a value does not match a schema of the document."""
    whole = schema | {"components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole)
    return [error.message for error in validator.iter_errors(value)]


def shape(value: Any) -> Any:
    """Keys and types of a value, with one number type and one structure for all elements."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | None:
            return value
        case int() | float():
            return 0
    return ""


@pytest.mark.spec("S52")
def test_all_schemas_are_valid_and_all_references_resolve(
    document: dict[str, Any],
) -> None:
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid(schema)
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]


def test_every_operation_is_described_in_full(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        assert operation["description"], path
        is_open = path in ("/health", "/ready", "/metrics")
        assert operation.get("security") == (None if is_open else [{"key": []}])
        for status, response in operation["responses"].items():
            assert response["description"] and response["content"], f"{path} {status}"
            if int(status) >= 400 and path != "/ready":
                (media,) = response["content"].values()
                assert media["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
                assert media["examples"]


def test_every_field_of_a_request_is_described(document: dict[str, Any]) -> None:
    for name, schema in request_schemas(document):
        for field, described in schema["properties"].items():
            assert described.get("description"), f"{name}.{field}"
            assert "default" in described or field in schema["required"], f"{name}.{field}"


def request_schemas(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The request's schema and all that it refers to."""
    schemas = document["components"]["schemas"]
    found, waiting = set(), [ChatCompletionRequest.__name__]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas[name]))
            if "properties" in schemas[name]:
                yield name, schemas[name]


@pytest.mark.spec("S52")
def test_every_example_matches_its_schema(document: dict[str, Any]) -> None:
    for name, schema, value in examples(document):
        assert not mismatches(document, schema, value), name


@pytest.mark.spec("S52")
@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in STREAMS])
def test_an_example_request_gets_an_answer_shaped_like_the_example(
    client: httpx.Client, document: dict[str, Any], name: str
) -> None:
    operation = document["paths"][PATH]["post"]
    question = operation["requestBody"]["content"]["application/json"]["examples"][name]["value"]
    media = operation["responses"]["200"]["content"]["application/json"]
    response = client.post(PATH, json=question)
    assert response.status_code == 200
    assert "x-ignored-fields" not in response.headers
    assert shape(response.json()) == shape(media["examples"][name]["value"])
    assert not mismatches(document, media["schema"], response.json())


@pytest.mark.spec("S52")
@pytest.mark.parametrize("name", STREAMS)
def test_the_example_stream_is_shaped_like_a_real_one(
    client: httpx.Client, document: dict[str, Any], name: str
) -> None:
    def chunks(text: str) -> list[dict[str, Any]]:
        events = text.removesuffix("\n\n").split("\n\n")
        assert events.pop() == "data: [DONE]"
        return [json.loads(event.removeprefix("data: ")) for event in events]

    operation = document["paths"][PATH]["post"]
    media = operation["responses"]["200"]["content"]["text/event-stream"]
    shown = chunks(media["examples"][name]["value"])
    real = chunks(client.post(PATH, json=QUESTIONS[name]["value"]).text)
    is_json, is_end = media["itemSchema"]["properties"]["data"]["anyOf"]
    assert is_end == {"const": "[DONE]"}
    for chunk in [*shown, *real]:
        assert not mismatches(document, is_json["contentSchema"], chunk)
    ends = (0, 1, -2, -1)
    assert [shape(shown[i]) for i in ends] == [shape(real[i]) for i in ends]


@pytest.mark.spec("S52")
@pytest.mark.parametrize("path", ["/health", "/ready", "/v1/models", f"/v1/models/{MODEL}"])
def test_examples_of_other_paths_are_shaped_like_real_answers(
    client: httpx.Client, document: dict[str, Any], path: str
) -> None:
    operation = document["paths"][path.replace(MODEL, "{name}")]["get"]
    media = operation["responses"]["200"]["content"]["application/json"]
    (example,) = media["examples"].values()
    answer = client.get(path).json()
    assert shape(answer) == shape(example["value"])
    assert not mismatches(document, media["schema"], answer)


def failing_requests() -> dict[str, dict[str, Any]]:
    """A request to a running server for each error of the document."""
    return {
        "malformed": {"content": b'{"model": x}', "headers": {"Content-Type": "application/json"}},
        "out of range": {"json": chat(temperature=2.5)},
        "ill-typed": {"json": chat(messages=[{"role": "user", "content": 5}])},
        "too long": {
            "json": chat(max_tokens=4096, context_length_exceeded_behavior="error"),
        },
        "unenforceable": {
            "json": chat(
                response_format={
                    "type": "json_schema",
                    "json_schema": {"schema": {"properties": {"a": {"not": {}}}}},
                }
            )
        },
        "unknown voice": {
            "json": chat(modalities=["text", "audio"], audio={"voice": "violin"}),
        },
        "missing key": {"json": chat(), "headers": {"Authorization": ""}},
        "unknown key": {"json": chat(), "headers": {"Authorization": "Bearer nobody"}},
        "unknown model": {"json": chat(model="qwen/unknown")},
        "too large": {
            "content": b" " * (2**25 + 1),
            "headers": {"Content-Type": "application/json"},
        },
        "not JSON": {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    }


def without_numbers(body: dict[str, Any]) -> str:
    return re.sub(r"\d+(\.\d+)?", "0", json.dumps(body))


@pytest.mark.spec("S04")
@pytest.mark.parametrize("name", failing_requests())
def test_each_example_error_is_what_the_server_answers(
    server: Any, document: dict[str, Any], name: str
) -> None:
    options = failing_requests()[name]
    headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})
    headers = {key: value for key, value in headers.items() if value}
    response = httpx.post(f"{server.url}{PATH}", headers=headers, timeout=60, **options)
    described = document["paths"][PATH]["post"]["responses"][str(response.status_code)]
    shown = described["content"]["application/json"]["examples"][name]["value"]
    assert without_numbers(response.json()) == without_numbers(shown)
    assert all(header in response.headers for header in described.get("headers", {}))


@pytest.mark.parametrize(
    ("name", "status", "method", "path"),
    [("loading", 503, "POST", PATH)],
)
def test_the_errors_of_a_server_that_is_not_ready_are_in_the_document(
    app: FastAPI, document: dict[str, Any], name: str, status: int, method: str, path: str
) -> None:
    response = answer_of(app, method, path, json=chat())
    described = document["paths"][path][method.lower()]["responses"][str(status)]
    assert response.status_code == status
    assert response.json() == described["content"]["application/json"]["examples"][name]["value"]
    assert set(described["headers"]) == {"Retry-After"} <= {h.title() for h in response.headers}


def test_a_server_that_is_not_ready_answers_as_documented(
    app: FastAPI, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "state", State.LOADING)
    response = answer_of(app, "GET", "/ready")
    described = document["paths"]["/ready"]["get"]["responses"][str(response.status_code)]
    assert (
        response.json() == described["content"]["application/json"]["examples"]["loading"]["value"]
    )
    response = answer_of(app, "GET", "/debug/engines")
    described = document["paths"]["/debug/engines"]["get"]["responses"]["200"]
    shown = described["content"]["application/json"]["examples"]["restarting"]["value"]
    assert (response.status_code, response.json()) == (200, shown)


def test_an_internal_error_is_the_500_of_the_document(
    app: FastAPI, document: dict[str, Any]
) -> None:
    app.state.parts = None
    for path, method in ((PATH, "post"), ("/v1/models", "get"), ("/debug/engines", "get")):
        response = answer_of(app, method.upper(), path, json=chat())
        described = document["paths"][path][method]["responses"][str(response.status_code)]
        assert (
            response.json()
            == described["content"]["application/json"]["examples"]["failed"]["value"]
        )


def test_an_incomplete_body_is_the_408_of_the_document(
    app: FastAPI, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def halting() -> AsyncIterator[bytes]:
        yield b"{" + b" " * 99
        await asyncio.sleep(60)

    monkeypatch.setattr(body, "PAUSE_S", 0.05)
    declared = {"Content-Type": "application/json"}
    response = answer_of(app, "POST", PATH, content=halting(), headers=declared)
    described = document["paths"][PATH]["post"]["responses"][str(response.status_code)]
    shown = described["content"]["application/json"]["examples"]["cut off"]["value"]
    assert without_numbers(response.json()) == without_numbers(shown)


def test_the_page_needs_no_other_host_and_no_script(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in page.text
    assert not re.findall(r"(?:src|href|action|url)\s*[=(]\s*[\"']?(?:[a-z]+:)?//", page.text)
    hosts = set(re.findall(r"https?://[^/\s\"'<]+", page.text))
    assert hosts == {str(client.base_url).rstrip("/")}


def test_the_page_shows_every_path_field_and_error(
    client: httpx.Client, document: dict[str, Any]
) -> None:
    page = client.get("/docs").text
    for path, _, operation in operations(document):
        assert f"</span> {path}</h2>" in page
        assert f'href="#{operation["operationId"]}"' in page
    for name, schema in document["components"]["schemas"].items():
        assert f'<h3 id="{name}">' in page
        assert all(f"<code>{field}</code>" in page for field in schema["properties"])
    assert all(error.reason in page for error in FAILURES.values())


def test_the_tables_of_the_api_document_are_those_of_the_schemas(document: dict[str, Any]) -> None:
    text = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    for name, schema in request_schemas(document):
        table = fields_table(schema)
        assert table in text, f"docs/reference/api.md lacks:\n### `{name}`\n\n{table}"


def test_an_absent_field_means_the_default_that_is_documented(
    document: dict[str, Any], tmp_path: Path
) -> None:
    properties = document["components"]["schemas"]["ChatCompletionRequest"]["properties"]
    defaults = {
        name: field["default"]
        for name, field in properties.items()
        if field.get("default") is not None and name != "top_logprobs"
    }
    least = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
    server = parts(tmp_path)

    def taken(body: dict[str, Any]) -> ChatRequest:
        parsed = ChatCompletionRequest.model_validate(body)
        return asyncio.run(chat_request(parsed, server.models.get(MODEL), server, "key"))

    assert taken(least | defaults) == taken(least)


@settings(
    max_examples=400,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(rng=st.randoms(use_true_random=False))
def test_the_document_accepts_the_requests_that_the_server_accepts(
    document: dict[str, Any], rng: random.Random
) -> None:
    try:
        body = parse_json_object(json.dumps(mutated_body(rng)).encode())
    except (ValueError, InvalidRequest):
        return  # no JSON
    try:
        ChatCompletionRequest.model_validate(body)
    except ValidationError as error:
        kinds = {found["type"] for found in error.errors()}
        is_taken = False if kinds - ACROSS_FIELDS else None
    else:
        is_taken = True
    schema = {"$ref": "#/components/schemas/ChatCompletionRequest"}
    found = mismatches(document, schema, body)
    if is_taken is not None:
        assert is_taken == (not found), (found, body)


def test_every_error_of_a_completion_has_an_example() -> None:
    kinds = set(errors.RequestError.__subclasses__())
    elsewhere = {errors.NotFound, errors.MethodNotAllowed}
    assert {type(error) for error in FAILURES.values()} == kinds - elsewhere
