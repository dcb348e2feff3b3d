"""Command-line options made from the table of settings, and how a command fails."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from palaver.errors import SettingError
from palaver.settings import Settings, load_settings
from palaver.settings.setting import Group, Kind, Setting
from palaver.settings.table import GROUPS, TABLE

_CONFIG = (
    "A TOML file with settings. Each setting can be an environment variable PALAVER_<NAME>, too; "
    "an option overrides the variable, and the variable the file."
)
_SECRET_WARNING = (
    "Every user of this machine can read it in the list of processes: set {variable} instead."
)
_TYPES: dict[Kind, Any] = {
    "value": str | None,  # the table checks the value, with the same message for all sources
    "switch": bool | None,
    "pairs": list[str] | None,
}

errors = Console(stderr=True, highlight=False)


def option(name: str) -> Any:
    """The command-line option of the setting ``name``."""
    setting = TABLE[name]
    return typer.Option(
        setting.option,
        metavar=setting.metavar or None,
        help=_help(setting),
        show_default=False,
        rich_help_panel=setting.group,
    )


def takes_settings(
    *groups: type[Group],
) -> Callable[[Callable[[Settings], None]], Callable[..., None]]:
    """Turn a function that takes settings into a command.

    The command has an option for each setting of the groups, of all groups if none is named, and
    ``--config``. It exits with status 1 if a setting is not valid.
    """
    names = [name for group in groups or GROUPS for name in group.model_fields]
    options = [_parameter(name, _TYPES[TABLE[name].kind], option(name)) for name in names]
    options.append(_parameter("config", Path | None, typer.Option(metavar="FILE", help=_CONFIG)))

    def decorate(function: Callable[[Settings], None]) -> Callable[..., None]:
        def command(*, config: Path | None, **given: Any) -> None:
            try:
                settings = load_settings(given, os.environ, config)
            except SettingError as error:
                raise fail(str(error)) from error
            function(settings)

        command.__name__ = function.__name__
        command.__doc__ = function.__doc__
        command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
        return command

    return decorate


def _parameter(name: str, kind: Any, info: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, info]
    )


def _help(setting: Setting) -> str:
    parts = [setting.description.replace("`", "")]
    if setting.kind == "pairs":
        parts.append("Repeatable.")
    if setting.is_secret:
        parts.append(_SECRET_WARNING.format(variable=setting.variable))
    unit = f" {setting.unit}" if setting.is_default_literal and setting.unit else ""
    return escape(f"{' '.join(parts)} [default: {setting.default}{unit}]")


def fail(message: str) -> typer.Exit:
    """Print an error; the caller raises what is returned."""
    errors.print(f"[red]palaver:[/red] {escape(message)}", soft_wrap=True)
    return typer.Exit(1)
