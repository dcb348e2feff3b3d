"""Tools that a model may call, and which of them it must (spec rows S31 to S33)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

FUNCTION_NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"

_WRONG_CHOICE = 'must be "none", "auto", "required" or an object that names a function'

FunctionName: TypeAlias = Annotated[str, Field(pattern=FUNCTION_NAME_PATTERN)]


class FunctionDefinition(BaseModel):
    """A function that the model may call."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = Field(
        default=None, description="A JSON Schema of the arguments; without it there are none."
    )
    strict: bool | None = Field(
        default=None, description="Whether the arguments must match the schema, always."
    )


class Tool(BaseModel):
    """A tool; functions are the only kind."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["function"]
    function: FunctionDefinition

    def for_template(self) -> dict[str, Any]:
        """The tool as chat templates read it: only what the client gave."""
        function = self.function
        fields = {
            "name": function.name,
            "description": function.description,
            "parameters": function.parameters,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return {"type": self.type, "function": given}


class ChosenFunction(BaseModel):
    """A function by its name."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    name: FunctionName


class ChosenTool(BaseModel):
    """The one tool that has to be called."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["function"]
    function: ChosenFunction


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
