"""The systemd unit and the container."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MOST_EXPOSED = 20
"""Of 100, as ``systemd-analyze security`` scores units; an unprotected one has 96."""
IMAGE = os.environ.get("IMAGE", "palaver-test")
"""The release workflow names the image that it pushes, so that this one is tested."""

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


def container_engine() -> str | None:
    """The engine of the variable ``CONTAINER``, or one that works on this machine."""
    if chosen := os.environ.get("CONTAINER"):
        return chosen
    for name in ("podman", "docker"):
        if (
            shutil.which(name)
            and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0
        ):
            return name
    return None


@pytest.fixture
def unit(prefix: Path, tmp_path: Path) -> Path:
    """The unit, with the installed package where this test has put it."""
    text = (DEPLOY / "palaver.service").read_text(encoding="utf-8")
    assert "/opt/palaver/bin/palaver serve" in text
    path = tmp_path / "palaver.service"
    path.write_text(text.replace("/opt/palaver", str(prefix)), encoding="utf-8")
    return path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not there")
def test_systemd_accepts_the_unit(unit: Path) -> None:
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "palaver.service" not in found.stderr, found.stderr
    assert found.returncode == 0, found.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not there")
def test_the_unit_restricts_what_the_service_may_access(unit: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSED}"]
    found = subprocess.run([*command, str(unit)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout[-500:] + found.stderr


def test_the_container_runs_the_tested_install_script() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert "RUN deploy/install.sh /opt/palaver" in text
    assert text.rindex("\nUSER palaver\n") > text.rindex("\nFROM ")
    assert '"/opt/palaver/healthcheck.py"' in text


@pytest.mark.skipif(container_engine() is None, reason="no container engine works here")
def test_the_container_becomes_healthy_without_root() -> None:
    engine = container_engine()
    assert engine
    subprocess.run(
        ["make", "container", f"CONTAINER={engine}", f"IMAGE={IMAGE}"], cwd=ROOT, check=True
    )
    inspect = [engine, "image", "inspect", "--format", "{{json .Config.Healthcheck}}", IMAGE]
    found = subprocess.run(inspect, check=True, capture_output=True, text=True)
    health_check = json.loads(found.stdout)
    assert health_check and "/opt/palaver/healthcheck.py" in health_check["Test"]
    run = [engine, "run", "--rm", "--detach", "--env", "PALAVER_CACHE_GIB=0.25", IMAGE]
    container = subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip()
    try:
        inside = [engine, "exec", container]
        check = [*inside, "python", "/opt/palaver/healthcheck.py"]
        deadline = time.monotonic() + 60
        while subprocess.run(check, capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < deadline, "the container is not healthy"
            time.sleep(0.5)
        user = subprocess.run([*inside, "id", "-u"], check=True, capture_output=True, text=True)
        assert user.stdout.strip() != "0"
    finally:
        subprocess.run([engine, "rm", "--force", container], check=True, capture_output=True)
