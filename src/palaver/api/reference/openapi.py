"""The OpenAPI document, made from the types that validate and encode (spec row S52)."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from msgspec import UNSET
from pydantic.json_schema import GenerateJsonSchema

from palaver.api import errors
from palaver.api.wire import response
from palaver.api.wire.request import ChatCompletionRequest
from palaver.errors import RequestError

Schema: TypeAlias = dict[str, Any]

_REFERENCE = "#/components/schemas/{}"
_DESCRIPTION = """\
The chat-completions API of a hosted model cloud, answered from your own machine.

Paths that begin with `/v1` answer alike under `/openai/v1`, `/v3/openai` and `/openai`. In every
optional field of a request, `null` means the default. Unknown fields are named in the header
`x-ignored-fields`; on a server that runs with `--strict` they are a 400. A JSON object that
names a field twice is a 400. Every error, those of unknown paths (404) and methods (405) included,
has the body `ErrorBody`.
"""
_HEADERS: Mapping[str, str] = {
    "WWW-Authenticate": "The scheme that is expected: `Bearer`.",
    "Retry-After": "Seconds after which to try again.",
    "Allow": "The methods that the path takes.",
    "x-ignored-fields": "Paths of the unknown fields, joined by commas.",
}


def reference(kind: type) -> Schema:
    """A schema that refers to a type of the wire."""
    return {"$ref": _REFERENCE.format(kind.__name__)}


def json_media(schema: Schema, examples: Mapping[str, Schema] | None = None) -> Schema:
    """A JSON body, as answers and requests declare it."""
    shown = {"examples": dict(examples)} if examples else {}
    return {"application/json": {"schema": schema} | shown}


def answer(description: str, media: Schema, headers: Iterable[str] = ()) -> Schema:
    """One answer of an operation.

    Args:
        description: What it means.
        media: Media type to schema and examples.
        headers: Names of the headers that it may have.
    """
    described = {
        name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in headers
    }
    return {"description": description, "content": media} | (
        {"headers": described} if described else {}
    )


def failures(examples: Mapping[str, RequestError]) -> dict[int, Schema]:
    """The error answers of an operation, each status once.

    Args:
        examples: Name to an error as the operation raises it.
    """
    answers: dict[int, Schema] = {}
    for name, error in examples.items():
        kind = type(error)
        if kind.status not in answers:
            media = json_media(reference(response.ErrorBody))
            media["application/json"]["examples"] = {}
            answers[kind.status] = answer(_first_line(kind), media, error.headers)
        shown = answers[kind.status]["content"]["application/json"]["examples"]
        shown[name] = {"value": msgspec.json.decode(errors.body_of(error))}
    return answers


def operation(
    answers: Mapping[int, Schema], *, request: Schema | None = None, needs_key: bool = True
) -> Schema:
    """An operation's part of the document, beside what FastAPI derives from its route.

    Args:
        answers: Status to :func:`answer`.
        request: The body's media type to schema and examples.
        needs_key: Whether it needs an API key.
    """
    described: Schema = {"security": [{"key": []}]} if needs_key else {}
    if request:
        described["requestBody"] = {"required": True, "content": request}
    described["responses"] = {str(status): answers[status] for status in sorted(answers)}
    return described


def install(app: FastAPI, operations: Mapping[str, Schema]) -> None:
    """Let ``app`` serve the document.

    Args:
        app: The application whose routes are described.
        operations: Operation id to :func:`operation`.
    """
    app.openapi = lambda: _document(app, operations)  # type: ignore[method-assign]


def _document(app: FastAPI, operations: Mapping[str, Schema]) -> Schema:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=_DESCRIPTION,
            routes=app.routes,
        )
        scheme = {"type": "http", "scheme": "bearer", "description": "An API key."}
        document["components"] = {
            "schemas": _request_schemas() | _response_schemas(),
            "securitySchemes": {"key": scheme},
        }
        for path in document["paths"].values():
            for described in path.values():
                described.update(operations.get(described["operationId"], {}))
        app.openapi_schema = document
    return app.openapi_schema


class _WithoutTitles(GenerateJsonSchema):
    """Makes schemas of fields without titles, which would repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def _request_schemas() -> dict[str, Schema]:
    root = ChatCompletionRequest.model_json_schema(
        ref_template=_REFERENCE.format("{model}"), schema_generator=_WithoutTitles
    )
    schemas = root.pop("$defs", {}) | {ChatCompletionRequest.__name__: root}
    for schema in schemas.values():
        schema["description"] = schema["description"].replace("``", "`")
    return dict(sorted(schemas.items()))


def _response_schemas() -> dict[str, Schema]:
    """Schemas of all response bodies; a field is required unless it can be left out."""
    kinds = {
        name: kind
        for name, kind in vars(response).items()
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct)
    }
    _, schemas = msgspec.json.schema_components(
        kinds.values(), ref_template=_REFERENCE.format("{name}")
    )
    for name, schema in schemas.items():
        fields = msgspec.structs.fields(kinds[name])
        schema["required"] = [f.encode_name for f in fields if f.default is not UNSET]
        schema["description"] = schema["description"].replace("``", "`")
        for described in schema["properties"].values():
            described.pop("default", None)
    return schemas


def _first_line(kind: type) -> str:
    """The first line of a class's docstring."""
    return (inspect.getdoc(kind) or "").partition("\n")[0].replace("``", "`")
