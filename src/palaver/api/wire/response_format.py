"""The format of the answer (spec rows S34 and S35)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from palaver.api.wire.known import optional

_KINDS = ("text", "json_object", "json_schema")
_JSON_SCHEMA = {"anyOf": [{"type": "object"}, {"type": "boolean"}]}
_WRONG_KIND = 'must be an object whose type is "text", "json_object" or "json_schema"'

JsonSchema: TypeAlias = Annotated[dict[str, Any] | bool, WithJsonSchema(_JSON_SCHEMA)]


class TextFormat(BaseModel):
    """Any text."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["text"] = Field(description="The kind of format.")


class JsonObjectFormat(BaseModel):
    """Any JSON object."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["json_object"] = Field(description="The kind of format.")


class NamedSchema(BaseModel):
    """A JSON Schema with a name."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="allow", validate_by_name=True, validate_by_alias=True
    )

    name: str | None = optional(None, "A name; without effect.", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    description: str | None = optional(None, "A description; without effect.")
    schema_: JsonSchema = Field(alias="schema", description="The schema of the answer.")
    strict: bool | None = optional(
        True, "No effect: a schema is always enforced in full or refused."
    )


class JsonSchemaFormat(BaseModel):
    """JSON that matches a schema, in ``json_schema`` or, in the older style, beside ``type``."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    type: Literal["json_schema"] = Field(description="The kind of format.")
    json_schema: NamedSchema | None = optional(None, "The schema, with a name.")
    schema_: JsonSchema | None = optional(
        None, "The schema in its older place; one of the two is needed.", alias="schema"
    )

    @model_validator(mode="after")
    def _has_one_schema(self) -> JsonSchemaFormat:
        if (self.json_schema is None) == (self.schema_ is None):
            raise PydanticCustomError(
                "json_schema", "needs one schema, in json_schema.schema or in schema"
            )
        return self

    @property
    def path(self) -> str:
        """The path of the schema in the request."""
        place = "schema" if self.json_schema is None else "json_schema.schema"
        return f"response_format.{place}"

    @property
    def json_schema_value(self) -> dict[str, Any] | bool:
        """The schema itself."""
        if self.json_schema is not None:
            return self.json_schema.schema_
        assert self.schema_ is not None
        return self.schema_


def _kind(value: Any) -> Any:
    return value.get("type") if isinstance(value, dict) else getattr(value, "type", None)


def _known_kind(value: Any) -> str | None:
    kind = _kind(value)
    return kind if kind in _KINDS else None


ResponseFormat: TypeAlias = Annotated[
    Annotated[TextFormat, Tag("text")]
    | Annotated[JsonObjectFormat, Tag("json_object")]
    | Annotated[JsonSchemaFormat, Tag("json_schema")],
    Discriminator(
        _known_kind,
        custom_error_type="response_format",
        custom_error_message=_WRONG_KIND,
    ),
]
