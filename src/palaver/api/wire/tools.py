"""The tools that a model may or must call (spec rows S31 to S33)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from palaver.api.wire.known import about, optional
from palaver.chat.tools.tool import Tool as ChatTool

FUNCTION_NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MAX_TOOLS = 128

_WRONG_CHOICE = 'must be "none", "auto", "required" or an object that names a function'

FunctionName: TypeAlias = Annotated[str, Field(pattern=FUNCTION_NAME_PATTERN)]


class FunctionDefinition(BaseModel):
    """A function that the model may call."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    name: FunctionName = Field(description="The name; unique among the functions.")
    description: str | None = optional(None, "What it does, for the model.")
    parameters: dict[str, Any] | None = optional(
        None, "A JSON Schema of its arguments, an object; by default, it has none."
    )
    strict: bool | None = optional(
        False,
        "Whether to refuse a schema that cannot be enforced in full; otherwise such a function's "
        "arguments may be any object.",
    )


class Tool(BaseModel):
    """A tool; functions are the only kind."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["function"] = Field(description="The kind of tool.")
    function: FunctionDefinition = Field(description="The function.")

    def to_chat(self, index: int) -> ChatTool:
        """The tool in the chat layer's terms, its schema not checked yet."""
        function = self.function
        return ChatTool(
            function.name,
            function.parameters,
            function.description,
            is_strict=bool(function.strict),
            path=f"tools[{index}].function.parameters",
        )


class ChosenFunction(BaseModel):
    """A function by its name."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    name: FunctionName = Field(description="One of the functions in `tools`.")


class ChosenTool(BaseModel):
    """The one tool that has to be called."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["function"] = Field(description="The kind of tool.")
    function: ChosenFunction = Field(description="The function.")


def _choice_kind(value: Any) -> str | None:
    match value:
        case str():
            return "mode"
        case dict() | ChosenTool():
            return "tool"
    return None


ToolChoice: TypeAlias = Annotated[
    Annotated[Literal["none", "auto", "required"], Tag("mode")]
    | Annotated[ChosenTool, Tag("tool")],
    Discriminator(
        _choice_kind,
        custom_error_type="tool_choice",
        custom_error_message=_WRONG_CHOICE,
    ),
]


def check_tools(tools: Sequence[Tool], choice: str | ChosenTool | None) -> None:
    """Check that tools and choice are consistent.

    Raises:
        PydanticCustomError: A name is there twice, or the tool that must be called is missing.
    """
    names: set[str] = set()
    for i, tool in enumerate(tools):
        name = tool.function.name
        if name in names:
            raise about(f"tools[{i}].function.name", f"{name!r} is the name of another function")
        names.add(name)
    if choice == "required" and not tools:
        raise about("tool_choice", '"required" needs tools')
    if isinstance(choice, ChosenTool) and choice.function.name not in names:
        raise about("tool_choice.function.name", f"{choice.function.name!r} is none of the tools")
