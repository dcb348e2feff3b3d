"""Fields that are known but not honoured in full, and fields that nobody knows (spec row S40)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, BeforeValidator
from pydantic_core import PydanticCustomError


def only(*accepted: Any) -> BeforeValidator:
    """Marks a known field of which, besides ``null``, only these values can be honoured so far."""

    def check(value: Any) -> Any:
        if value is None or any(value == a and type(value) is type(a) for a in accepted):
            return value
        raise PydanticCustomError(
            "unsupported",
            "is not supported by this version; it can be {allowed}",
            {"allowed": " or ".join(json.dumps(a) for a in (None, *accepted))},
        )

    return BeforeValidator(check)


def unknown_fields(model: BaseModel, path: str = "") -> Iterator[str]:
    """The paths of all fields that no type declares; ``null`` asks for nothing."""
    for name, value in (model.model_extra or {}).items():
        if value is not None:
            yield f"{path}{name}"
    for name in type(model).model_fields:
        value = getattr(model, name)
        for place, part in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(part, BaseModel):
                index = "" if place is None else f"[{place}]"
                yield from unknown_fields(part, f"{path}{name}{index}.")
