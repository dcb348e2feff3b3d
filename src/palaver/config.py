"""Every setting of a server, in one table.

A setting comes from, in this order: the command line, an environment variable ``PALAVER_<NAME>``,
the file named by ``--config`` (TOML), the default below. A name that is not in the table stops the
start and is told.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from palaver.errors import SettingError

PREFIX = "PALAVER_"
_GIB = 2**30
_COMPUTED_DEFAULTS = {
    "cache_gib": "a quarter of the memory, 16 at most",
    "data_dir": "the user's data folder",
    "models": "none",
    "voices": "none",
    "families": "found by the template",
    "api_key": "none",
}


def _default_cache_gib() -> float:
    """A quarter of this machine's memory, 16 GiB at most."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return round(min(total / 4 / _GIB, 16.0), 2)


class Settings(BaseModel):
    """The settings, each with its unit, default and meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    models: dict[str, Path] = Field(
        {}, description="Models beside the built-in one: name to folder, as NAME=FOLDER[,…]."
    )
    families: dict[str, str] = Field(
        {},
        description="How models write their thinking and calls, where their templates do not tell: "
        "name to family, as NAME=FAMILY[,…].",
    )
    api_key: str | None = Field(None, min_length=1, description="A key that is always valid.")
    data_dir: Path = Field(
        Path(platformdirs.user_data_dir("palaver", appauthor=False)),
        description="Folder of the database with the keys' hashes.",
    )
    strict: bool = Field(
        False, description="Refuse unknown request fields instead of naming them in a header."
    )
    max_body_mib: float = Field(
        32.0, gt=0, description="Largest request body that is read, in MiB."
    )
    max_media: int = Field(64, ge=1, description="Images, videos and sounds in a request at most.")
    max_media_mib: float = Field(
        32.0, gt=0, description="Largest file of an image, video or sound, in MiB."
    )
    max_media_megapixels: float = Field(
        50.0, gt=0, description="Largest image or frame of a video, in millions of pixels."
    )
    max_media_s: float = Field(600.0, gt=0, description="Longest video or sound, in seconds.")
    media_timeout_s: float = Field(
        20.0, gt=0, description="Seconds to fetch a file, and again to decode it, at most."
    )
    allow_private_urls: bool = Field(
        False, description="Fetch media from private and link-local addresses as well."
    )
    cache_gib: float = Field(
        default_factory=_default_cache_gib,
        gt=0,
        description="Memory of each model's key-value cache, in GiB.",
    )
    cache_precision: Literal["u8", "f16", "bf16", "f32"] = Field(
        "f16",
        description="Number format of the key-value cache; f16 means 16 bits, u8 is half as "
        "large but not bit-exact.",
    )
    inference_precision: Literal["auto", "f32", "bf16"] = Field(
        "auto",
        description="Number format of the computation; auto is the fastest that the processor "
        "has, and f32 for the built-in model, which is to answer alike everywhere.",
    )
    num_threads: int = Field(0, ge=0, description="Threads of a step; 0 means one for each core.")
    max_step_tokens: int = Field(
        512,
        ge=64,
        description="Tokens computed in one step at most; half of them, if others are answered, "
        "from prompts.",
    )
    max_running: int = Field(256, ge=1, description="Sequences computed in one step at most.")
    voices: dict[str, str] = Field(
        {},
        description="Neural voices beside the embedded ones: name to folder or `hub:OWNER/NAME`, "
        "as NAME=FOLDER[,…].",
    )
    voice: str = Field(
        "alto", description="The voice of spoken answers to requests that name none."
    )
    token_timeout_s: float = Field(
        600.0,
        gt=0,
        description="Seconds that a request waits for its next token, in the queue as well; an "
        "engine that says nothing at all for so long is started again.",
    )
    shutdown_timeout_s: float = Field(
        30.0, ge=0, description="Seconds that running requests have to finish after SIGTERM."
    )
    tune_process: bool = Field(
        True,
        description="Have the operating system and Python run the server's processes for short "
        "waits between tokens: time slices, niceness, memory that is given back, garbage "
        "collection.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged."
    )


def load_settings(
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None = None,
) -> Settings:
    """The settings from all their sources.

    Args:
        given: From the command line; ``None`` means not given.
        environment: Environment variables; those that begin with ``PALAVER_`` count.
        file: A TOML file.

    Raises:
        SettingError: A setting is unknown or its value impossible; the message names both.
    """
    values = _read_file(file) | _from_environment(environment)
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(Settings.model_fields)
            raise SettingError(f"{name}: there is no such setting; there are: {known}") from error
        raise SettingError(f"{name}: {first['msg']}, got {first['input']!r}") from error


_PAIRS = {"models": "NAME=FOLDER", "voices": "NAME=FOLDER", "families": "NAME=FAMILY"}
"""Settings that are written as pairs, and the form of one."""


def parse_pairs(setting: str, parts: Iterable[str]) -> dict[str, str]:
    """Pairs of a setting, ``NAME=FOLDER`` or ``NAME=FAMILY``, as a dict.

    Raises:
        SettingError: A part has not that form, or its name comes twice.
    """
    pairs: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise SettingError(f"{setting}: must be {_PAIRS[setting]}, got {part!r}")
        if name in pairs:
            raise SettingError(f"{setting}: the name {name!r} comes twice")
        pairs[name] = value
    return pairs


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and text:  # set to nothing is not set
            name = variable.removeprefix(PREFIX).lower()
            is_pairs = name in _PAIRS
            values[name] = parse_pairs(name, filter(None, text.split(","))) if is_pairs else text
    return values


def _read_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(f"{file}: cannot be read as settings: {error}") from error


def settings_table() -> str:
    """All settings as a Markdown table, as ``docs/settings.md`` shows it."""
    rows = ["| setting | environment variable | default | |", "|---|---|---|---|"]
    for name, setting in Settings.model_fields.items():
        default = _COMPUTED_DEFAULTS.get(name) or f"`{_plain(setting.default)}`"
        variable = f"`{PREFIX}{name.upper()}`"
        rows.append(f"| `{name}` | {variable} | {default} | {setting.description} |")
    return "\n".join(rows)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
