"""A request with the schemas in it checked: of the answer, and of what tools take."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from palaver.api.wire.response_format import JsonObjectFormat, JsonSchemaFormat, ResponseFormat
from palaver.chat.request import ChatRequest
from palaver.chat.schema import JSON_OBJECT
from palaver.chat.tools.tool import Tool
from palaver.errors import InvalidRequest
from palaver.schemas.checker import SchemaChecker


async def with_response_format(
    chat: ChatRequest, response_format: ResponseFormat | None, schemas: SchemaChecker
) -> ChatRequest:
    """The request with the forms of its answer, ready to be enforced (spec rows S32, S35, S36).

    Raises:
        InvalidRequest: The form of the answer, or the schema of a strict tool, cannot be enforced.
    """
    tools = await asyncio.gather(*(_checked_tool(tool, schemas) for tool in chat.tools))
    chat = replace(chat, tools=tools)
    match response_format:
        case JsonObjectFormat():
            return replace(chat, answer_schema=JSON_OBJECT)
        case JsonSchemaFormat(path=path):
            checked = await schemas.check(response_format.json_schema_value, path)
            return replace(chat, answer_schema=checked, answer_schema_path=path)
    return chat


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
        InvalidRequest: It is one of something else.
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
