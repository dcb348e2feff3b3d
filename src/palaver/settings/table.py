"""Every setting of a server, in one table of groups.

The command line, the environment, the file and ``docs/reference/settings.md`` follow from this
table. A new setting is a new line here; ``python -m palaver.settings.docs`` prints the page's part
of it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import platformdirs
from pydantic import Field

from palaver.settings.setting import Details, Group, Setting, describe

_GIB = 2**30


def _default_cache_gib() -> float:
    """A quarter of this machine's memory, 16 GiB at most."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return round(min(total / 4 / _GIB, 16.0), 2)


class ServerSettings(Group):
    """Where the server listens, what it logs, and how it shuts down."""

    title: ClassVar[str] = "Server"

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one."
    )
    ready_file: Annotated[Path | None, Details(metavar="FILE")] = Field(
        default=None,
        description="File that is written once all models are ready and removed at the end: "
        "JSON with `url`, `host`, `port`, `pid`, `models` and `version`.",
    )
    shutdown_timeout_s: Annotated[float, Details(unit="seconds")] = Field(
        default=30.0,
        ge=0,
        description="Time that running requests have to finish after SIGTERM; "
        "rounded up to whole seconds.",
    )
    tune_process: bool = Field(
        default=True,
        description="Tune the operating system and Python for short waits between tokens: time "
        "slices, niceness, memory that is returned, garbage collection.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is logged."
    )


class KeySettings(Group):
    """Which API keys are valid, and where they are kept."""

    title: ClassVar[str] = "API keys"

    api_key: Annotated[str | None, Details(metavar="KEY", is_secret=True)] = Field(
        default=None, min_length=1, description="A key that is always valid."
    )
    data_dir: Annotated[Path, Details(metavar="FOLDER", default_text="the user's data folder")] = (
        Field(
            default=Path(platformdirs.user_data_dir("palaver", appauthor=False)),
            description="Folder of the database with the keys' hashes.",
        )
    )


class ModelSettings(Group):
    """Which models are served besides the built-in one."""

    title: ClassVar[str] = "Models"

    models: Annotated[dict[str, Path], Details(metavar="NAME=FOLDER", option="model")] = Field(
        default={}, description="Serve this model too: its name and its folder."
    )
    families: Annotated[
        dict[str, str],
        Details(metavar="NAME=FAMILY", option="family", default_text="found by the template"),
    ] = Field(
        default={},
        description="The family whose format of thinking and tool calls a model uses, where its "
        "template does not show it: the model's name and a family.",
    )


class EngineSettings(Group):
    """How the engine of each model computes."""

    title: ClassVar[str] = "Engine"

    cache_gib: Annotated[
        float, Details(unit="GiB", default_text="a quarter of the memory, 16 GiB at most")
    ] = Field(
        default_factory=_default_cache_gib,
        gt=0,
        description="Memory of each model's key-value cache.",
    )
    cache_precision: Literal["u8", "f16", "bf16", "f32"] = Field(
        default="f16",
        description="Number format of the key-value cache; f16 means 16 bits, u8 is half as "
        "large but not bit-exact.",
    )
    inference_precision: Literal["auto", "f32", "bf16"] = Field(
        default="auto",
        description="Number format of the computation; auto is the fastest that the processor "
        "has, but f32 for the built-in model, so that its answers are the same on every machine.",
    )
    num_threads: int = Field(
        default=0, ge=0, description="Threads of a step; 0 means one for each core."
    )
    max_step_tokens: int = Field(
        default=512,
        ge=64,
        description="Most tokens computed in one step; while other answers are being generated, "
        "at most half of them are prefill.",
    )
    max_running: int = Field(default=256, ge=1, description="Most sequences computed in one step.")
    load_timeout_s: Annotated[float, Details(unit="seconds")] = Field(
        default=1800.0, gt=0, description="Time that each model may take to load."
    )
    token_timeout_s: Annotated[float, Details(unit="seconds")] = Field(
        default=600.0,
        gt=0,
        description="Longest time that a request waits for its next token, also in the queue; an "
        "engine that sends nothing for so long is restarted.",
    )


class RequestSettings(Group):
    """Which requests are refused."""

    title: ClassVar[str] = "Requests"

    strict: bool = Field(
        default=False,
        description="Refuse unknown request fields instead of naming them in a header.",
    )
    max_body_mib: Annotated[float, Details(unit="MiB")] = Field(
        default=32.0, gt=0, description="Largest request body that is accepted."
    )


class MediaSettings(Group):
    """Images, videos and audio in requests."""

    title: ClassVar[str] = "Media"

    max_media: int = Field(
        default=64, ge=1, description="Most images, videos and audio clips in a request."
    )
    max_media_mib: Annotated[float, Details(unit="MiB")] = Field(
        default=32.0, gt=0, description="Largest image, video or audio file."
    )
    max_media_megapixels: Annotated[float, Details(unit="megapixels")] = Field(
        default=50.0, gt=0, description="Largest image or frame of a video."
    )
    max_media_s: Annotated[float, Details(unit="seconds")] = Field(
        default=600.0, gt=0, description="Longest video or audio clip."
    )
    media_timeout_s: Annotated[float, Details(unit="seconds")] = Field(
        default=20.0, gt=0, description="Longest time to fetch a file, and again to decode it."
    )
    allow_private_urls: bool = Field(
        default=False, description="Fetch media from private and link-local addresses as well."
    )


class SpeechSettings(Group):
    """The voices of spoken answers."""

    title: ClassVar[str] = "Speech"

    voices: Annotated[dict[str, str], Details(metavar="NAME=FOLDER", option="voice-model")] = Field(
        default={},
        description="Add this neural voice to the embedded ones: its name and its folder, or "
        "`hub:OWNER/NAME`.",
    )
    voice: Annotated[str, Details(metavar="NAME")] = Field(
        default="alto", description="The voice of spoken answers to requests that name none."
    )


class Settings(
    ServerSettings,
    KeySettings,
    ModelSettings,
    EngineSettings,
    RequestSettings,
    MediaSettings,
    SpeechSettings,
):
    """The settings of a server, checked and frozen; the groups are its bases."""


GROUPS: tuple[type[Group], ...] = tuple(
    base for base in Settings.__bases__ if issubclass(base, Group)
)
"""The groups in the order in which they are shown."""

TABLE: dict[str, Setting] = {
    name: describe(name, field, group)
    for group in GROUPS
    for name, field in group.model_fields.items()
}
"""Every setting by its name, group after group."""
