"""Known fields that are not honoured in full, and unknown fields (spec row S40)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import CoreSchema, no_info_before_validator_function


def optional(default: Any, description: str, **limits: Any) -> Any:
    """A field that may be absent or ``null``, both of which mean ``default``.

    Args:
        default: The default in the OpenAPI document; the field itself is ``None`` then.
        description: One sentence for the OpenAPI document.
        limits: As pydantic's ``Field`` takes them.
    """
    extra = {"default": default}
    return Field(default=None, description=description, json_schema_extra=extra, **limits)


def needs(name: str, other: str) -> dict[str, Any]:
    """A schema: where the field ``name`` is not ``null``, the field ``other`` is true."""
    return {
        "if": {"required": [name], "properties": {name: {"not": {"type": "null"}}}},
        "then": {"required": [other], "properties": {other: {"const": True}}},
    }


class only:  # noqa: N801  # reads as an annotation
    """Marks a known field that supports only these values and ``null``."""

    def __init__(self, *accepted: Any) -> None:
        self._accepted = (None, *accepted)

    def check(self, value: Any) -> Any:
        """The value, if it is one of the accepted.

        Raises:
            PydanticCustomError: It is not; the message names those that are.
        """
        if any(value == a and type(value) is type(a) for a in self._accepted):
            return value
        raise PydanticCustomError(
            "unsupported",
            "is not supported by this version; it can be {allowed}",
            {"allowed": " or ".join(json.dumps(a) for a in self._accepted)},
        )

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """The validation, called by pydantic."""
        return no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The JSON Schema, called by pydantic."""
        return {
            "enum": list(self._accepted),
            "description": "Known, but other values are not supported by this version.",
        }


def unknown_fields(model: BaseModel, path: str = "") -> Iterator[str]:
    """The paths of all fields that no type declares; fields that are ``null`` are ignored."""
    for name, value in (model.model_extra or {}).items():
        if value is not None:
            yield f"{path}{name}"
    for name in type(model).model_fields:
        value = getattr(model, name)
        for place, part in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(part, BaseModel):
                index = "" if place is None else f"[{place}]"
                yield from unknown_fields(part, f"{path}{name}{index}.")


def across_fields(param: str, message: str) -> PydanticCustomError:
    """The error for a broken rule between fields that the OpenAPI document has in words only.

    Args:
        param: The field that is wrong.
        message: What is wrong, beginning with a field's name.
    """
    return PydanticCustomError("across_fields", "{message}", {"param": param, "message": message})


def about(param: str, message: str) -> PydanticCustomError:
    """The error for a broken rule between fields; its message begins with one field's path."""
    return across_fields(param, f"{param}: {message}")


def conflict(param: str, message: str) -> PydanticCustomError:
    """The error for a broken rule between fields that the OpenAPI schema has as well."""
    return PydanticCustomError("conflict", "{message}", {"param": param, "message": message})
