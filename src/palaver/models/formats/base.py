"""The interface of a format of model folders."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from palaver.models.files import ModelFiles


class Format(Protocol):
    """One layout of a model's weights and configuration in a folder."""

    @property
    def name(self) -> str:
        """The name of the format."""

    def missing_files(self, path: Path) -> list[str]:
        """The files that a folder lacks to be of this format; empty if it is."""

    def open(self, path: Path) -> ModelFiles:
        """The files of a folder from which none is missing.

        Raises:
            ModelFolderError: A file is not valid; the message names it.
        """

    def how_to_make(self, path: Path) -> str:
        """How a user gets such a folder, for messages."""
