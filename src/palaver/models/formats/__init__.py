"""The formats of model folders, each in a module of its own."""

from __future__ import annotations

from pathlib import Path

from palaver.errors import ModelFolderError
from palaver.models.files import ModelFiles
from palaver.models.formats.base import Format
from palaver.models.formats.openvino import OpenVinoExport

FORMATS: tuple[Format, ...] = (OpenVinoExport(),)
"""In the order in which they are tried."""


def open_files(path: Path) -> ModelFiles:
    """The files of a model's folder, in the first format of which no file is missing.

    Configuration files are read, weights are not.

    Raises:
        ModelFolderError: There is no such folder, it is of no known format, or a file is not
            valid; the message names it.
    """
    if not path.is_dir():
        raise ModelFolderError(f"{path}: there is no such folder")
    for found in FORMATS:
        if not found.missing_files(path):
            return found.open(path)
    likeliest = min(FORMATS, key=lambda candidate: len(candidate.missing_files(path)))
    missing = ", ".join(likeliest.missing_files(path))
    raise ModelFolderError(f"{path}: {missing} missing; {likeliest.how_to_make(path)}")
