"""The package as a user installs it: from the wheel, in a fresh environment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import palaver

ROOT = Path(__file__).parents[2]
KEY = "sk-palaver-packaging"
START_TIMEOUT_S = 60

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


def environment(**variables: str) -> dict[str, str]:
    """A user's environment: nothing of this repository is on its path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | variables


@contextlib.contextmanager
def serving(prefix: Path, data_dir: Path) -> Iterator[int]:
    """The port of a server of the installed package, once it answers."""
    ready_file = data_dir / "ready.json"
    command = [str(prefix / "bin" / "palaver"), "serve", "--port", "0"]
    command += ["--ready-file", str(ready_file), "--data-dir", str(data_dir)]
    variables = {"PALAVER_API_KEY": KEY, "PALAVER_CACHE_GIB": "0.25"}
    process = subprocess.Popen(command, env=environment(**variables), cwd=data_dir)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready_file.exists():
            assert process.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.1)
        port: int = json.loads(ready_file.read_text())["port"]
        assert not is_unready(port)
        yield port
    finally:
        process.terminate()
        assert process.wait(30) in (0, -signal.SIGTERM), "it has ended by itself"


def is_unready(port: int) -> bool:
    """Whether the health check of the container says that the server is not ready."""
    check = [sys.executable, str(ROOT / "deploy" / "healthcheck.py")]
    variables = environment(PALAVER_PORT=str(port))
    return (
        subprocess.run(check, env=variables, stderr=subprocess.DEVNULL, check=False).returncode != 0
    )


def test_a_fresh_environment_has_this_version(prefix: Path) -> None:
    program = "import palaver; print(palaver.__version__, palaver.__file__)"
    command = [str(prefix / "bin" / "python"), "-c", program]
    shown = subprocess.run(
        command, env=environment(), cwd=prefix, check=True, capture_output=True, text=True
    ).stdout.split()
    assert shown[0] == palaver.__version__
    assert Path(shown[1]).is_relative_to(prefix)


def test_doctor_reports_no_fault_in_a_fresh_environment(prefix: Path, tmp_path: Path) -> None:
    command = [str(prefix / "bin" / "palaver"), "doctor"]
    variables = environment(PALAVER_DATA_DIR=str(tmp_path), PALAVER_PORT="0")
    found = subprocess.run(
        command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_installed_server_completes_a_chat(prefix: Path, tmp_path: Path) -> None:
    with serving(prefix, tmp_path) as port:
        answer = httpx.post(
            f"http://127.0.0.1:{port}/v1/chat/completions",
            headers={"Authorization": f"Bearer {KEY}"},
            json={
                "model": "palaver/tiny",
                "messages": [{"role": "user", "content": "What is 12 + 7?"}],
                "temperature": 0,
            },
            timeout=60,
        )
        answer.raise_for_status()
        assert "19" in answer.json()["choices"][0]["message"]["content"]
    assert is_unready(port), "the health check notices that the server has ended"


def test_the_wheel_has_the_package_and_nothing_else(distributions: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"palaver"}
    assert "palaver/py.typed" in names
    assert "palaver/models/tiny/openvino_language_model.bin" in names


def test_the_source_distribution_has_the_files_that_make_needs(distributions: Path) -> None:
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        names = {name.partition("/")[2] for name in content.getnames()}
    needed = {"Makefile", "LICENSE", "CHANGELOG.md", "tests/conftest.py", "deploy/install.sh"}
    assert needed <= names
    assert not any(name.startswith("training/checkpoint") for name in names)


def test_the_install_script_refuses_a_python_that_is_too_old(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")  # the exit status of a failing version check
    old.chmod(0o755)
    script = str(ROOT / "deploy" / "install.sh")
    found = subprocess.run(
        [script, str(tmp_path / "prefix")],
        env=environment(PYTHON=str(old)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert "3.11" in found.stderr
    assert not (tmp_path / "prefix").exists()
