"""``palaver voices``, and ``palaver chat`` with spoken answers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner

from palaver.cli import app
from palaver.cli.player import Player
from tests.server import KEY, RunningServer
from tests.speech.listening import listen
from tests.speech.native import SPEAKERS, THINKER, write_folder

TINY = Path(__file__).parent.parent / "speech" / "tiny_voice"


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["voices", *arguments])
    assert result.exit_code == status, result.output
    return result.output


@pytest.mark.spec("S11")
def test_the_embedded_voices_are_listed_with_the_default() -> None:
    output = run()
    for name in ("alto", "soprano", "tenor", "bass"):
        (line,) = [line for line in output.splitlines() if name in line]
        assert "embedded" in line
        assert ("yes" in line) is (name == "alto")


def test_neural_voices_of_the_settings_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sherpa_onnx")
    monkeypatch.setenv("PALAVER_VOICES", f"robin={TINY}")
    output = run()
    assert "robin/2" in output
    assert "neural, speaker 2 of robin" in output


def test_a_models_own_voices_are_listed_without_loading_it(tmp_path: Path) -> None:
    output = run("--model", f"omni={write_folder(tmp_path / 'omni')}")
    for name in SPEAKERS:
        (line,) = [line for line in output.splitlines() if name in line]
        assert "of omni itself" in line
    assert "itself" not in run("--model", f"omni={THINKER}"), "it has no talker"


def test_a_voice_that_cannot_be_loaded_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sherpa_onnx")
    monkeypatch.setenv("PALAVER_VOICES", f"robin={tmp_path}")
    command = [sys.executable, "-m", "palaver", "voices"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "must hold one .onnx file" in ended.stderr


def chat(
    server: RunningServer, folder: Path, programs: Path, *arguments: str, typed: str = "Hello!\n"
) -> str:
    """The output of the command, with only these programs on the path."""
    command = [sys.executable, "-m", "palaver", "chat", "--url", server.url, "--key", KEY]
    environment = os.environ | {"PATH": str(programs)}
    ended = subprocess.run(
        [*command, *arguments],
        input=typed,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.spec("S11")
def test_without_a_player_the_chat_writes_files(server: RunningServer, tmp_path: Path) -> None:
    typed = "Hello!\n/speak\nHello!\n/speak bass\nHello!\n"
    output = chat(server, tmp_path, tmp_path / "none", "--speak", typed=typed)
    names = sorted(path.name for path in tmp_path.glob("*.wav"))
    assert names == ["palaver-answer-1.wav", "palaver-answer-2.wav"]
    assert all(name in output.replace("\n", "") for name in names)
    first, second = (listen((tmp_path / name).read_bytes(), "wav") for name in names)
    assert 100 > second.pitch_hz > 0
    assert first.pitch_hz > second.pitch_hz


@pytest.mark.spec("S11")
def test_with_a_player_the_chat_plays_audio(server: RunningServer, tmp_path: Path) -> None:
    programs, played = tmp_path / "bin", tmp_path / "played"
    write_program(programs / "aplay", f'echo "$@" > {played}.arguments; exec /bin/cat > {played}')
    chat(server, tmp_path, programs, "--voice", "tenor")
    assert listen(played.read_bytes(), "pcm16").length_s > 1
    assert "S16_LE" in Path(f"{played}.arguments").read_text()
    assert not list(tmp_path.glob("*.wav"))


def test_an_unknown_voice_is_reported_and_the_chat_continues(
    server: RunningServer, tmp_path: Path
) -> None:
    output = chat(server, tmp_path, tmp_path, "--voice", "bob", typed="Hi\n/speak alto\nHi\n")
    assert "no voice 'bob'" in output
    assert "palaver-answer-1.wav" in output.replace("\n", "")


def write_program(path: Path, line: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_player_that_ends_early_does_not_stop_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path / "bin" / "paplay", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    player = Player(tmp_path)
    for _ in range(100):
        player.feed(b"\0" * 10_000)
    assert player.finish() is None


def test_a_player_of_files_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(tmp_path / "bin" / "afplay", f'/bin/cp "$1" {tmp_path / "heard"}')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    player = Player(tmp_path)
    player.feed(b"\1\0" * 24_000)
    assert player.finish() is None
    with wave.open(str(tmp_path / "heard")) as file:
        assert (file.getframerate(), file.getnframes()) == (24_000, 24_000)
    assert not list(tmp_path.glob("*.wav"))


def test_an_answer_without_audio_leaves_no_file(tmp_path: Path) -> None:
    player = Player(tmp_path)
    player.feed(b"")
    assert player.finish() is None
    assert not list(tmp_path.glob("*.wav"))
