"""``palaver doctor``: whether this machine can serve, and what is missing."""

from __future__ import annotations

import os
import platform
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from palaver.chat.families.catalogue import FAMILIES
from palaver.cli.options import takes_settings
from palaver.engine.sampling import kernels
from palaver.errors import ModelFolderError
from palaver.models.catalogue import BUILT_IN_FOLDER, BUILT_IN_NAME
from palaver.models.formats import open_files
from palaver.settings import Settings
from palaver.speech.catalogue import INSTALL
from palaver.speech.voices.espeak import timbres

_GIB = 2**30
_MIN_PYTHON = (3, 11)
_FAST_FLAGS = ("avx512f", "avx2", "asimd")


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check.

    Attributes:
        subject: What was checked.
        detail: The result.
        advice: What to do about it; ``None`` if it is fine.
        is_fatal: Whether palaver cannot serve like this.
    """

    subject: str
    detail: str
    advice: str | None = None
    is_fatal: bool = False


@takes_settings()
def doctor(settings: Settings) -> None:
    """Check whether ``palaver serve`` can run here with the same options; say what is missing."""
    console = Console(highlight=False)
    is_fit = True
    for check in _CHECKS:
        for finding in check(settings):
            is_fit = is_fit and not finding.is_fatal
            mark = "[red]no[/red] " if finding.is_fatal else "[yellow]hm[/yellow] "
            mark = mark if finding.advice else "[green]ok[/green] "
            outcome = escape(f"{finding.subject}: {finding.detail}")
            console.print(f"{mark} {outcome}", soft_wrap=True)
            if finding.advice:
                console.print(f"    → {finding.advice}", soft_wrap=True)
    if not is_fit:
        raise typer.Exit(1)
    console.print("palaver can serve here.")


def _check_python(_: Settings) -> Iterator[Finding]:
    version = platform.python_version()
    is_fit = sys.version_info >= _MIN_PYTHON
    yield Finding("Python", version, None if is_fit else "install Python 3.11 or newer", not is_fit)


def _check_processor(_: Settings) -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    flags = _processor_flags()
    fastest = next((flag for flag in _FAST_FLAGS if flag in flags), None)
    advice = None if fastest else "without AVX2 or NEON, models run, but slowly"
    yield Finding("processor", f"{cores} cores, {fastest or 'no AVX2 or NEON'}", advice)


def _check_memory(settings: Settings) -> Iterator[Finding]:
    total_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    wanted_gib = settings.cache_gib * (1 + len(settings.models))
    advice = None
    if wanted_gib > total_gib / 2:
        advice = f"caches may take {wanted_gib:.1f} GiB; lower cache_gib ({settings.cache_gib})"
    yield Finding("memory", f"{total_gib:.1f} GiB", advice)


def _check_address(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.host}:{settings.port}"
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        with socket.socket(found[0][0]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        advice = "choose another --port or --host"
        yield Finding("address", f"{where}: {error.strerror}", advice, True)
    else:
        yield Finding("address", f"{where} is free")


def _check_data_folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding("data folder", f"{folder}: {error.strerror}", "set --data-dir", True)
    else:
        yield Finding("data folder", f"{folder} can be written")


def _check_models(settings: Settings) -> Iterator[Finding]:
    for name, path in ({BUILT_IN_NAME: BUILT_IN_FOLDER} | settings.models).items():
        yield _check_model(name, path, settings.families.get(name))


def _check_sampling(settings: Settings) -> Iterator[Finding]:
    if not settings.models:
        return
    if kernels.can_compile():
        yield Finding("sampling", "compiled for this processor")
    else:
        advice = "large vocabularies are sampled twice as fast with pip install"
        yield Finding("sampling", "in numpy", f"{advice} {escape('palaver[fast]')}")


def _check_voices(_: Settings) -> Iterator[Finding]:
    if timbres.is_installed():
        yield Finding("voices", f"{', '.join(timbres.TIMBRES)}, embedded")
    else:
        yield Finding("voices", "none, so answers come in text only", f"run {escape(INSTALL)}")


def _check_model(name: str, path: Path, family: str | None) -> Finding:
    try:
        folder = open_files(path)
        chat = folder.chat_model(family if family in FAMILIES else None)
    except ModelFolderError as error:
        return Finding(f"model {name}", str(error), "repair the folder or leave it out", True)
    written = f"{folder.description}, family {chat.dialect.family.name}"
    if family is not None and family not in FAMILIES:
        advice = f"there is no family {family!r}; there are: {', '.join(FAMILIES)}"
        return Finding(f"model {name}", written, advice, True)
    return Finding(f"model {name}", written)


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {"asimd"} if platform.machine() in ("arm64", "aarch64") else set()
    return {
        flag
        for line in lines
        if line.startswith(("flags", "Features"))
        for flag in line.partition(":")[2].split()
    }


_CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _check_python,
    _check_processor,
    _check_memory,
    _check_address,
    _check_data_folder,
    _check_models,
    _check_sampling,
    _check_voices,
)
