"""Options that several commands share, and settings from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.markup import escape

from palaver.config import Settings, load_settings, parse_pairs
from palaver.errors import SettingError

ModelOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME=FOLDER", help="Serve this model too; repeatable."),
]
ConfigOption: TypeAlias = Annotated[
    Path | None, typer.Option("--config", help="A TOML file with settings.")
]

errors = Console(stderr=True, highlight=False)


def settings_from(config: Path | None, models: list[str] | None, **given: Any) -> Settings:
    """The settings of a command line; ends the command if there is something wrong with them."""
    try:
        chosen = parse_pairs("models", models) if models else None
        return load_settings({"models": chosen, **given}, os.environ, config)
    except SettingError as error:
        raise fail(str(error)) from error


def fail(message: str) -> typer.Exit:
    """Print what is wrong; raise what is returned."""
    errors.print(f"[red]palaver:[/red] {escape(message)}", soft_wrap=True)
    return typer.Exit(1)
