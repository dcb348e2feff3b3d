"""The examples run unchanged, and so do those in the documents."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import palaver.testing
from palaver.errors import InternalError
from palaver.testing import Step
from tests.server import KEY, RunningServer

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_file())


def run(command: list[str], server: RunningServer) -> str:
    """The output of a command with server and key in its environment."""
    environment = os.environ | {"BASE_URL": server.url, "PALAVER_API_KEY": KEY}
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs_and_prints_an_answer(name: str, server: RunningServer) -> None:
    path = str(ROOT / "examples" / name)
    if name.endswith("_test.py"):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", path]
    else:
        command = [sys.executable if name.endswith(".py") else "sh", path]
    assert run(command, server).strip()


def test_the_curl_line_of_the_readme_answers(server: RunningServer) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"\$ (curl .*?\}')\n", readme, re.DOTALL)
    assert found
    line = found[1].replace("http://127.0.0.1:8000", server.url)
    answer = run(["sh", "-c", f"PALAVER_API_KEY={KEY}\n{line}"], server)
    assert '"role":"assistant"' in answer
    assert "palaver" in answer


def test_the_python_lines_of_the_readme_answer(server: RunningServer) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
    assert found
    program = found[1].replace("http://127.0.0.1:8000", server.url)
    program = re.sub(r'api_key="[^"]+"', f'api_key="{KEY}"', program)
    assert run([sys.executable, "-c", program], server).strip()


def test_the_tutorial_of_a_client_test_passes(server: RunningServer, tmp_path: Path) -> None:
    tutorial = (ROOT / "docs/tutorials/first-client-test.md").read_text(encoding="utf-8")
    for name, block in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", tutorial, re.DOTALL):
        program = block.replace("http://127.0.0.1:8000", server.url).replace('"secret"', repr(KEY))
        (tmp_path / name).write_text(program, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    assert "2 passed" in run([*command, str(tmp_path)], server)


def test_the_curl_line_of_the_page_on_speech_writes_a_file(
    server: RunningServer, tmp_path: Path
) -> None:
    page = (ROOT / "docs/how-to/speech.md").read_text(encoding="utf-8")
    found = re.search(r"\$ (curl .*?)```", page, re.DOTALL)
    assert found
    line = found[1].replace("http://127.0.0.1:8000", server.url)
    assert run(["sh", "-c", f"cd {tmp_path}\nPALAVER_API_KEY={KEY}\n{line}"], server).strip()
    assert (tmp_path / "answer.mp3").stat().st_size > 1_000


def test_the_examples_of_the_page_on_the_scripted_backend_print_what_their_scripts_say() -> None:
    page = (ROOT / "docs/how-to/scripted-backend.md").read_text(encoding="utf-8")
    printed = []
    for program in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        ended = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=90, check=False
        )
        assert ended.returncode == 0, ended.stderr
        printed.append(ended.stdout.split())
    assert printed == [["[5]", "[6]", "[7]", "[0]"], ["Hello!"]]


def test_the_page_on_the_scripted_backend_lists_every_step() -> None:
    page = (ROOT / "docs/how-to/scripted-backend.md").read_text(encoding="utf-8")
    names = vars(palaver.testing) | {"error": InternalError("broken")}
    steps = [eval(call, names) for call in re.findall(r"^\| `(.+?)` \|", page, re.MULTILINE)]
    assert {type(step) for step in steps} == set(get_args(Step))
