from __future__ import annotations

import os
import socket
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from palaver.cli import app
from palaver.engine.sampling import kernels
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.speech.voices.espeak import timbres
from tests.models.example_folder import write_folder


def run(*arguments: str, status: int) -> str:
    result = CliRunner().invoke(app, ["doctor", *arguments])
    assert result.exit_code == status, result.output
    return result.output


def line_about(subject: str, output: str) -> str:
    (line,) = [line for line in output.splitlines() if f" {subject}:" in line]
    return line


def test_a_suitable_machine_passes() -> None:
    output = run(status=0)
    assert output.splitlines()[-1] == "palaver can serve here."
    for subject in ("Python", "processor", "memory", "address", "data folder"):
        assert line_about(subject, output)
    assert line_about("model palaver/tiny", output).startswith("ok")


def test_a_broken_model_folder_fails(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "broken")
    (folder / "openvino_model.bin").unlink()
    output = run("--model", f"mine={folder}", status=1)
    line = line_about("model mine", output)
    assert line.startswith("no")
    assert "openvino_model.bin missing" in line
    assert line_about("model palaver/tiny", output).startswith("ok")
    assert "palaver can serve here." not in output


def test_a_broken_tokenizer_fails(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "broken")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    assert "tokenizer.json" in line_about("model mine", run("--model", f"mine={folder}", status=1))


def test_a_used_port_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("PALAVER_PORT", str(port))
        output = run(status=1)
    line = line_about("address", output)
    assert line.startswith("no")
    assert f"127.0.0.1:{port}" in line
    assert "--port" in output


def test_an_ipv6_address_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    monkeypatch.setenv("PALAVER_HOST", "::1")
    assert line_about("address", run(status=0)).startswith("ok")


def test_an_unknown_address_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALAVER_HOST", "203.0.113.7")
    assert line_about("address", run(status=1)).startswith("no")


def test_a_data_folder_that_cannot_be_made_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("PALAVER_DATA_DIR", str(tmp_path / "file" / "data"))
    output = run(status=1)
    assert line_about("data folder", output).startswith("no")
    assert "--data-dir" in output


def test_caches_larger_than_half_the_memory_are_a_warning_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    total_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    monkeypatch.setenv("PALAVER_CACHE_GIB", str(total_gib))
    output = run(status=0)
    assert line_about("memory", output).startswith("hm")
    assert "lower cache_gib" in output


def test_a_processor_without_wide_vectors_is_a_warning_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(import_module("palaver.cli.doctor"), "_processor_flags", set[str])
    assert line_about("processor", run(status=0)).startswith("hm")


def test_a_wrong_setting_ends_the_command_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALAVER_PROT", "1")
    assert "prot: there is no such setting" in run(status=1)


def test_paths_with_brackets_are_shown_as_they_are(tmp_path: Path) -> None:
    output = run("--model", f"mine={tmp_path}/[/red]", status=1)
    assert f"{tmp_path}/[/red]" in line_about("model mine", output)


def test_with_models_besides_the_built_in_one_the_sampler_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = ("--model", f"mine={BUILT_IN_FOLDER}")
    assert "sampling" not in run(status=0)
    assert line_about("sampling", run(*named, status=0)).startswith("ok")
    monkeypatch.setattr(kernels, "can_compile", lambda: False)
    output = run(*named, status=0)
    assert line_about("sampling", output).startswith("hm")
    assert "palaver[fast]" in output


def test_voices_are_listed_or_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "alto" in line_about("voices", run(status=0))
    monkeypatch.setattr(timbres, "is_installed", lambda: False)
    output = run(status=0)
    assert line_about("voices", output).startswith("hm")
    assert "palaver[speech]" in output
