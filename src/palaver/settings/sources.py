"""Settings from the command line, the environment, a file and the defaults, in this order."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from palaver.errors import SettingError
from palaver.settings.setting import PREFIX
from palaver.settings.table import TABLE, Settings


def load_settings(
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None = None,
) -> Settings:
    """The settings from all their sources.

    Args:
        given: Command-line options; ``None`` means not given, and pairs may be a list of
            ``NAME=VALUE`` or a dict.
        environment: Environment variables; those that begin with ``PALAVER_`` count.
        file: A TOML file.

    Raises:
        SettingError: A setting is unknown or its value impossible; the message names both.
    """
    values = _from_file(file) | _from_environment(environment) | _from_options(given)
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingError(_message(error.errors(include_url=False)[0])) from error


def _message(error: ErrorDetails) -> str:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting; the settings are: {', '.join(TABLE)}"
    if TABLE[str(error["loc"][0])].is_secret:
        return f"{name}: {error['msg']}"
    return f"{name}: {error['msg']}, got {error['input']!r}"


def _from_options(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: parse_pairs(name, value) if _is_pairs(name) and isinstance(value, list) else value
        for name, value in given.items()
        if value is not None
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and text:  # an empty variable counts as unset
            name = variable.removeprefix(PREFIX).lower()
            parts = filter(None, text.split(","))
            values[name] = parse_pairs(name, parts) if _is_pairs(name) else text
    return values


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"{file}: cannot be read as settings: {error}") from error


def _is_pairs(name: str) -> bool:
    return name in TABLE and TABLE[name].kind == "pairs"


def parse_pairs(name: str, parts: Iterable[str]) -> dict[str, str]:
    """Pairs of the setting ``name``, such as ``NAME=FOLDER``, as a dict.

    Raises:
        SettingError: A part is not such a pair, or its name is given twice.
    """
    pairs: dict[str, str] = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not (key and equals and value):
            raise SettingError(f"{name}: must be {TABLE[name].metavar}, got {part!r}")
        if key in pairs:
            raise SettingError(f"{name}: the name {key!r} is given twice")
        pairs[key] = value
    return pairs
