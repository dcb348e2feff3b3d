"""One setting, described once for the command line, the environment and the documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

PREFIX = "PALAVER_"
"""Prefix of the environment variables of all settings."""

Kind: TypeAlias = Literal["value", "switch", "pairs"]
_METAVARS: dict[Any, str] = {int: "NUMBER", float: "NUMBER", str: "TEXT", Path: "PATH"}


@dataclass(frozen=True, slots=True)
class Details:
    """Details of a setting beside type, default and description.

    Attributes:
        unit: Unit of a number, such as ``GiB``.
        metavar: Pattern of the value, ``NAME=FOLDER``; by default the unit, choices or type.
        default_text: The default in words, where it depends on the machine.
        option: The command-line option without dashes; by default made from the setting's name.
        is_secret: Whether the value must not be shown, in messages or to other users.
    """

    unit: str | None = None
    metavar: str | None = None
    default_text: str | None = None
    option: str | None = None
    is_secret: bool = False


class Group(BaseModel):
    """Settings that belong together; a subclass has a title and a docstring for the documents."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    title: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: Name in the file and in Python.
        group: Title of its group.
        kind: A ``value``, a ``switch`` (true or false), or ``pairs`` of a name and a value.
        option: Command-line option, with dashes; ``--x/--no-x`` for a switch.
        variable: Environment variable.
        metavar: Pattern of its value; of one pair for ``pairs``; empty for a switch.
        default: The default as written, or in words where it depends on the machine.
        is_default_literal: Whether ``default`` is a literal value.
        unit: Unit of a number; empty if it has none.
        description: What it does, in sentences.
        is_secret: Whether its value must not be shown.
    """

    name: str
    group: str
    kind: Kind
    option: str
    variable: str
    metavar: str
    default: str
    is_default_literal: bool
    unit: str
    description: str
    is_secret: bool


def describe(name: str, field: FieldInfo, group: type[Group]) -> Setting:
    """The row of a field of a group."""
    details = next((part for part in field.metadata if isinstance(part, Details)), Details())
    kind = _kind(field.annotation)
    option = f"--{details.option or name.replace('_', '-')}"
    default = _plain(field.default)
    return Setting(
        name=name,
        group=group.title,
        kind=kind,
        option=f"{option}/--no-{option.removeprefix('--')}" if kind == "switch" else option,
        variable=f"{PREFIX}{name.upper()}",
        metavar="" if kind == "switch" else details.metavar or _metavar(field, details),
        default=details.default_text or default or "none",
        is_default_literal=bool(default) and not details.default_text,
        unit=details.unit or "",
        description=field.description or "",
        is_secret=details.is_secret,
    )


def _kind(annotation: Any) -> Kind:
    if annotation is bool:
        return "switch"
    return "pairs" if get_origin(annotation) is dict else "value"


def _metavar(field: FieldInfo, details: Details) -> str:
    if details.unit:
        return details.unit
    annotation: Any = field.annotation
    if isinstance(annotation, UnionType):  # of a type and None
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    return _METAVARS[annotation]


def _plain(default: Any) -> str:
    """A default as a literal; empty if there is none."""
    if default is None or default == {}:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)
