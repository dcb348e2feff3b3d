"""Chat messages as clients send them (spec rows S07 to S10, S12, S13)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from palaver.api.wire.audio import AudioReference, Modalities, nested_modalities
from palaver.api.wire.known import about, only, optional
from palaver.api.wire.parts import ContentPart, TextPart, part_for_template, reference_of
from palaver.errors import InvalidRequest
from palaver.media.reference import MediaReference

NAME_PATTERN = r"^[A-Za-z0-9_]{1,64}$"


def _content_kind(value: Any) -> str | None:
    match value:
        case str():
            return "content_text"
        case list():
            return "content_parts"
        case None:
            return "content_null"
    return None


Content: TypeAlias = Annotated[
    Annotated[str, Tag("content_text")]
    | Annotated[list[ContentPart], Field(min_length=1, fail_fast=True), Tag("content_parts")]
    | Annotated[None, Tag("content_null")],
    Discriminator(
        _content_kind,
        custom_error_type="content_type",
        custom_error_message="must be a string, an array of parts, or null",
    ),
]


class FunctionCall(BaseModel):
    """A function that an assistant called, and with which arguments."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    name: str = Field(description="Its name.")
    arguments: str = Field(description="The arguments as JSON text.")


class ToolCall(BaseModel):
    """A tool call of an earlier turn."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    id: str = Field(description="The id that the result, a message of role `tool`, refers to.")
    type: Literal["function"] | None = optional("function", "The kind of tool.")
    function: FunctionCall = Field(description="The call itself.")

    def for_template(self) -> dict[str, Any]:
        """The call in the chat layer's terms."""
        function = {"name": self.function.name, "arguments": self.function.arguments}
        return {"id": self.id, "type": "function", "function": function}


_COMPLETE: JsonDict = {
    "anyOf": [
        {"required": ["content"], "properties": {"content": {"not": {"type": "null"}}}},
        {
            "required": ["tool_calls"],
            "properties": {
                "role": {"const": "assistant"},
                "tool_calls": {"type": "array", "minItems": 1},
            },
        },
        {
            "required": ["audio"],
            "properties": {"role": {"const": "assistant"}, "audio": {"type": "object"}},
        },
    ],
    "if": {"properties": {"role": {"const": "tool"}}},
    "then": {
        "required": ["tool_call_id"],
        "properties": {"tool_call_id": {"type": "string", "minLength": 1}},
    },
}


_ROLE_OF = {
    "tool_calls": "assistant",
    "reasoning_content": "assistant",
    "audio": "assistant",
    "tool_call_id": "tool",
}
"""Fields that only messages of one role have."""


def _only_there(name: str, role: str) -> JsonDict:
    """A schema: in messages of other roles, the field is absent or ``null``."""
    of_role: JsonDict = {"properties": {"role": {"const": role}}}
    return {"if": of_role, "else": {"properties": {name: {"enum": [None, "", []]}}}}


_NO_PARTS: list[JsonDict] = [
    {"type": "object"},
    {"type": "number"},
    {"type": "boolean"},
    {"type": "array", "maxItems": 0},
    {"type": "array", "contains": {"not": {"type": "object", "required": ["type"]}}},
]
"""Types of a tool result's content beside text."""


def _add_rules(schema: JsonDict) -> None:
    """Add the rules that depend on the role."""
    properties: Any = schema["properties"]
    said = properties["content"].pop("oneOf")
    of_tool: JsonDict = {"properties": {"role": {"const": "tool"}}}
    schema["allOf"] = [
        _COMPLETE,
        *(_only_there(name, role) for name, role in _ROLE_OF.items()),
        {
            "if": of_tool,
            "then": {"properties": {"content": {"anyOf": [*said, *_NO_PARTS]}}},
            "else": {"properties": {"content": {"anyOf": said}}},
        },
    ]
    properties["content"] |= {"anyOf": [*said, {}]}


class ChatMessage(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", json_schema_extra=_add_rules)

    role: Literal["system", "developer", "user", "assistant", "tool"] = Field(
        description="The author's role; `developer` is another name of `system`."
    )
    content: Content = optional(
        None,
        "Text and media; required, except for an assistant message with `tool_calls` or `audio`. "
        "Where `role` is `tool`, any JSON value.",
    )
    name: str | None = optional(
        None, "The author's name, for templates that show it.", pattern=NAME_PATTERN
    )
    tool_calls: Annotated[list[ToolCall], Field(fail_fast=True)] | None = optional(
        None, "The tool calls of an assistant message."
    )
    tool_call_id: str | None = optional(
        None, "The call that a message of role `tool` answers; required there."
    )
    reasoning_content: str | None = optional(
        None, "The thinking of an assistant message, as it came with the answer."
    )

    modalities: Modalities = nested_modalities()
    audio: AudioReference | None = optional(
        None, "A spoken answer of the assistant, in place of its text."
    )
    refusal: Annotated[Any, only()] = None
    function_call: Annotated[Any, only()] = None
    annotations: Annotated[Any, only([])] = None

    @field_validator("content", mode="before")
    @classmethod
    def _as_text(cls, value: Any, info: ValidationInfo) -> Any:
        """A tool result may be any JSON value; it becomes text."""
        is_value = isinstance(value, dict | int | float)
        if info.data.get("role") == "tool" and (is_value or _is_plain_list(value)):
            return json.dumps(value, ensure_ascii=False)
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> ChatMessage:
        for name, role in _ROLE_OF.items():
            if self.role != role and getattr(self, name):
                context = {"member": name, "role": role}
                raise PydanticCustomError(
                    "wrong_role", "belongs in a message of role {role}", context
                )
        is_complete = self.role == "assistant" and (self.tool_calls or self.audio)
        if self.content is None and not is_complete:
            raise PydanticCustomError(
                "missing_member",
                "is required, except for an assistant message with tool_calls or audio",
                {"member": "content"},
            )
        if self.role == "tool" and not self.tool_call_id:
            raise PydanticCustomError(
                "missing_member",
                "is required in a message of role tool",
                {"member": "tool_call_id"},
            )
        return self

    def for_template(self) -> dict[str, Any]:
        """The message as chat templates read it, with only the keys that are there.

        The content is a string, or a list of parts where it has media.
        """
        message: dict[str, Any] = {"role": self.role, "content": self._content_for_template()}
        if self.name is not None:
            message["name"] = self.name
        if self.tool_calls:
            message["tool_calls"] = [call.for_template() for call in self.tool_calls]
        if self.tool_call_id is not None:
            message["tool_call_id"] = self.tool_call_id
        if self.reasoning_content is not None:
            message["reasoning_content"] = self.reasoning_content
        return message

    def references(self, path: str) -> Iterator[MediaReference]:
        """The media that the message refers to.

        Args:
            path: The message's path in the request.

        Raises:
            InvalidRequest: An assistant message has media.
        """
        for place, part in enumerate(self.content if isinstance(self.content, list) else ()):
            if isinstance(part, TextPart):
                continue
            part_path = f"{path}.content[{place}]"
            if self.role == "assistant":
                raise InvalidRequest(
                    f"{part_path}: is {part.type}, but messages of an assistant are text",
                    param=part_path,
                )
            yield reference_of(part, part_path)

    def _content_for_template(self) -> str | list[dict[str, str]]:
        if not isinstance(self.content, list):
            return self.content or ""
        if all(isinstance(part, TextPart) for part in self.content):
            return "".join(part.text for part in self.content if isinstance(part, TextPart))
        return [part_for_template(part) for part in self.content]


def check_results(messages: Sequence[ChatMessage]) -> None:
    """Check that each message of role ``tool`` answers an earlier call.

    Raises:
        PydanticCustomError: One does not.
    """
    called: set[str] = set()
    for i, message in enumerate(messages):
        called.update(call.id for call in message.tool_calls or ())
        if message.role == "tool" and message.tool_call_id not in called:
            raise about(
                f"messages[{i}].tool_call_id",
                f"no assistant message before has a call of the id {message.tool_call_id!r}",
            )


def _is_plain_list(value: Any) -> bool:
    """Whether this is a list of anything but parts of a message."""
    return isinstance(value, list) and not all(
        isinstance(part, dict) and "type" in part for part in value or [None]
    )
