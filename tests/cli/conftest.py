from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

from tests.models.example_folder import write_folder


@pytest.fixture(autouse=True)
def quiet_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide terminal, a data folder of its own, any free port, no other settings."""
    for name in [name for name in os.environ if name.startswith("PALAVER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("PALAVER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PALAVER_PORT", "0")
    monkeypatch.setenv("PALAVER_CACHE_GIB", "0.1")


@pytest.fixture(autouse=True)
def built_in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the built-in model, so that no weights are needed."""
    path = write_folder(tmp_path / "built-in")
    for module in ("models", "doctor"):
        monkeypatch.setattr(import_module(f"palaver.cli.{module}"), "BUILT_IN_FOLDER", path)
    return path
