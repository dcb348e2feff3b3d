from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from palaver.cli import app
from tests.models.example_folder import write_folder


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["models", *arguments])
    assert result.exit_code == status, result.output
    return result.output


def test_the_built_in_model_is_listed_with_kind_window_and_folder(built_in_folder: Path) -> None:
    (line,) = [line for line in run().splitlines() if "palaver/tiny" in line]
    for part in ("example, 2 layers of 64", "512", "MiB", str(built_in_folder)):
        assert part in line


def test_models_given_by_option_are_listed_after_it(tmp_path: Path) -> None:
    folders = [write_folder(tmp_path / name) for name in ("one", "two")]
    output = run("--model", f"m1={folders[0]}", "--model", f"m2={folders[1]}")
    assert output.index("palaver/tiny") < output.index("m1") < output.index("m2")


def test_models_of_a_file_and_of_the_environment_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "one")
    file = tmp_path / "palaver.toml"
    file.write_text(f'[models]\nfrom-file = "{folder}"\n', encoding="utf-8")
    assert "from-file" in run("--config", str(file))
    monkeypatch.setenv("PALAVER_MODELS", f"from-environment={folder}")
    assert "from-environment" in run()


def test_a_model_that_cannot_be_served_is_listed_with_the_reason(tmp_path: Path) -> None:
    output = run("--model", f"lost={tmp_path / 'nowhere'}")
    (line,) = [line for line in output.splitlines() if "lost" in line]
    assert "cannot be served" in line
    assert "no such folder" in line


def test_folders_with_brackets_in_their_names_are_shown_as_they_are(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "[bold]" / "m")
    output = run("--model", f"good={folder}", "--model", f"lost={tmp_path}/[/red]")
    assert str(folder) in output
    assert output.count(f"{tmp_path}/[/red]") == 2


@pytest.mark.parametrize("text", ["no-folder", "[/red]"])
def test_a_malformed_model_option_is_refused(text: str) -> None:
    assert f"got '{text}'" in run("--model", text, status=1)
