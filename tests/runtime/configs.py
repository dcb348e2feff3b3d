"""How a model's folder is run, as its files describe it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.models.formats import open_files
from palaver.runtime import RuntimeConfig


def config_of(folder: Path = BUILT_IN_FOLDER, **options: Any) -> RuntimeConfig:
    """The runtime's configuration for the model in a folder."""
    options = {"cache_bytes": 2**28} | options
    return RuntimeConfig(folder=str(folder), multimodal=open_files(folder).multimodal, **options)
