"""Checks the schemas of a request: of the answer, and of the arguments of tools."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from palaver.api.wire.response_format import JsonObjectFormat, JsonSchemaFormat, ResponseFormat
from palaver.chat.schema import JSON_OBJECT
from palaver.chat.tools.tool import Tool
from palaver.errors import InvalidRequest
from palaver.schemas.checker import SchemaChecker


async def checked_schema(
    response_format: ResponseFormat | None, schemas: SchemaChecker
) -> Mapping[str, Any] | None:
    """The schema that an answer has to match, ready to be enforced (spec rows S35, S36).

    Returns:
        ``None`` where the answer is free text.

    Raises:
        InvalidRequest: The schema cannot be enforced.
    """
    match response_format:
        case JsonObjectFormat():
            return JSON_OBJECT
        case JsonSchemaFormat(path=path):
            return await schemas.check(response_format.json_schema_value, path)
    return None


def schema_path(response_format: ResponseFormat | None) -> str:
    """The path in the request of the answer's schema."""
    if isinstance(response_format, JsonSchemaFormat):
        return response_format.path
    return "response_format"


async def checked_tools(tools: Sequence[Tool], schemas: SchemaChecker) -> list[Tool]:
    """Tools with their schemas as they are enforced (spec row S32).

    Raises:
        InvalidRequest: The schema of a strict tool cannot be enforced.
    """
    return list(await asyncio.gather(*(_checked_tool(tool, schemas) for tool in tools)))


async def _checked_tool(tool: Tool, schemas: SchemaChecker) -> Tool:
    """The tool with its schema as it is enforced; one that is not strict may take any object."""
    schema = _object_schema(tool)
    try:
        return replace(tool, enforced=await schemas.check(schema, tool.path))
    except InvalidRequest:
        if tool.is_strict:
            raise
        return tool


def _object_schema(tool: Tool) -> dict[str, Any]:
    """The schema of a tool's arguments, which are an object.

    Raises:
        InvalidRequest: It is a schema of something else.
    """
    if tool.parameters is None:
        return {"type": "object", "additionalProperties": False}
    kind = tool.parameters.get("type", "object")
    if kind != "object":
        raise InvalidRequest(
            f'{tool.path}.type: must be "object", since arguments are one, got {kind!r}',
            param=f"{tool.path}.type",
        )
    return {"type": "object", **tool.parameters}
