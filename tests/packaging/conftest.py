"""Fixtures: the distributions, built once, and the wheel, installed once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def prefix(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel, made by the script that the container runs."""
    prefix = tmp_path_factory.mktemp("installed") / "palaver"
    (wheel,) = distributions.glob("*.whl")
    subprocess.run([str(ROOT / "deploy" / "install.sh"), str(prefix), str(wheel)], check=True)
    return prefix
