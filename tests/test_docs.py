"""The documentation says what is true."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import palaver
from palaver import errors
from palaver.api.wire.request import ChatCompletionRequest
from palaver.cli import app
from palaver.settings.docs import settings_table
from palaver.telemetry import Metrics

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "palaver"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_is_documented_as_it_is() -> None:
    assert settings_table() in text_of("docs/settings.md")


def test_every_module_has_its_line_in_the_architecture() -> None:
    lines = text_of("docs/architecture.md")
    documented = set(re.findall(r"`([\w/*]+)`", lines))
    for path in SOURCES.rglob("*.py"):
        module = path.relative_to(SOURCES).with_suffix("").as_posix()
        if path.name in ("__init__.py", "__main__.py"):
            continue
        package = f"{module.rpartition('/')[0]}/*"
        assert module in documented or package in documented, f"{module} is not in the document"


def test_every_reason_is_in_the_table_of_errors() -> None:
    table = text_of("docs/api.md")
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.RequestError) and kind is not errors.RequestError:
            assert f"| {kind.status} |" in table
            assert f"`{kind.reason}`" in table


def test_every_request_field_is_in_the_api_document() -> None:
    document = text_of("docs/api.md")
    for name in ChatCompletionRequest.model_fields:
        assert f"| `{name}` |" in document, f"{name} is not documented"


@pytest.mark.parametrize("command", ["serve", "chat", "models", "voices", "doctor", "bench"])
def test_every_command_has_help_and_is_in_the_readme(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"palaver {command}" in text_of("README.md")


def test_links_in_the_documents_lead_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!http)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_changelog_speaks_of_this_version() -> None:
    changelog = text_of("CHANGELOG.md")
    assert "[Unreleased]" in changelog or f"[{palaver.__version__}]" in changelog


def test_every_metric_is_documented() -> None:
    named = set(re.findall(r"^# TYPE (\S+) ", Metrics().text().decode(), re.MULTILINE))
    documented = set(re.findall(r"^\| `(\S+)`", text_of("docs/metrics.md"), re.MULTILINE))
    assert documented == {name for name in named if not name.endswith("_created")}
