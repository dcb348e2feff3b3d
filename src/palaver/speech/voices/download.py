"""Downloading voice models from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

from palaver.errors import SettingError

INSTALL = "pip install 'palaver[voices]'"
_HUB = "hub:"


def folder_of(source: str, *, may_download: bool = True) -> Path:
    """The folder of a voice model; one from the hub is downloaded unless it is in the cache.

    Args:
        source: A folder, or ``hub:OWNER/NAME``.
        may_download: Whether it may be downloaded; else it has to be in the cache.

    Raises:
        SettingError: There is no such folder or model, or the library is not installed.
    """
    if not source.startswith(_HUB):
        return Path(source)
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415
    except ImportError as error:
        raise SettingError(f"voices: {source} needs huggingface-hub; `{INSTALL}`") from error
    try:
        return Path(snapshot_download(source.removeprefix(_HUB), local_files_only=not may_download))
    except Exception as error:  # it does not document its exceptions
        raise SettingError(f"voices: {source} cannot be had: {error}") from error
