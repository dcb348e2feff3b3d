"""Voices of a neural model, here one with random weights whose letters are tones."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from palaver.errors import ModelNotAvailable, SettingError
from palaver.speech import catalogue
from palaver.speech.catalogue import Voices
from palaver.speech.voices.download import folder_of
from palaver.speech.voices.neural import voice as neural
from palaver.speech.voices.neural.folder import VoiceFolder
from palaver.speech.voices.neural.voice import NeuralModel, NeuralVoice
from tests.speech.beeping import whole
from tests.speech.listening import RATE_HZ, AudioClip

pytest.importorskip("sherpa_onnx")

T = TypeVar("T")
TINY = Path(__file__).parents[1] / "tiny_voice"
PAUSE = RATE_HZ // 4


def with_model(work: Callable[[NeuralModel, list[NeuralVoice]], Awaitable[T]]) -> T:
    """The result of ``work``, given the tiny model and its voices."""

    async def run() -> T:
        model = NeuralModel("robin", str(TINY))
        try:
            return await work(model, await model.start())
        finally:
            await model.close()

    return asyncio.run(run())


def with_voices(work: Callable[[list[NeuralVoice]], Awaitable[T]]) -> T:
    """The result of ``work``, given the tiny model's voices."""
    return with_model(lambda _, voices: work(voices))


def test_a_model_has_a_voice_for_each_speaker_and_they_speak() -> None:
    async def speak(voices: list[NeuralVoice]) -> list[AudioClip]:
        clips = [await whole(voice, "Hello, world.", "en") for voice in voices]
        assert [voice.name for voice in voices] == ["robin", "robin/1", "robin/2"]
        return [AudioClip(clip.astype(float), RATE_HZ, 1) for clip in clips]

    clips = with_voices(speak)
    assert {len(clip.samples) for clip in clips} == {len("hello, world.") * 144 + PAUSE}
    loudest = [np.abs(clip.samples).max() for clip in clips]
    assert loudest[0] > loudest[1] > loudest[2] > 2000
    assert all(clip.num_clipped == 0 for clip in clips)


def test_the_same_sentence_always_sounds_the_same_and_punctuation_is_silent() -> None:
    async def speak(voices: list[NeuralVoice]) -> None:
        first = await whole(voices[1], "One, *two*, three.", "en")
        await whole(voices[1], "Something else.", "en")
        assert np.array_equal(first, await whole(voices[1], "One, two, three.", "en"))
        assert not np.array_equal(first, await whole(voices[1], "One, two, four.", "en"))
        assert len(await whole(voices[0], " ... \n", "en")) == 0

    with_voices(speak)


def test_a_process_that_is_killed_is_replaced() -> None:
    async def speak(model: NeuralModel, voices: list[NeuralVoice]) -> int:
        assert model.pid
        os.kill(model.pid, signal.SIGKILL)
        with pytest.raises(ModelNotAvailable, match="try again"):
            await whole(voices[0], "Hello.", "en")
        return len(await whole(voices[0], "Hello.", "en"))

    assert with_model(speak) > PAUSE


def test_neural_voices_are_listed_after_embedded_ones_and_may_be_the_default() -> None:
    async def run() -> tuple[list[str], str]:
        voices = Voices("robin/2", {"robin": str(TINY)})
        try:
            await voices.start()
            return voices.names, voices.get(None).name
        finally:
            await voices.close()

    names, default = asyncio.run(run())
    assert names[-4:] == ["bass", "robin", "robin/1", "robin/2"]
    assert default == "robin/2"


def test_voices_are_listed_the_same_before_and_after_loading_and_refused_until_then() -> None:
    async def run() -> None:
        voices = Voices("robin/2", {"robin": str(TINY)})
        before = voices.names_for("palaver/tiny")
        assert before[-3:] == ["robin", "robin/1", "robin/2"]
        for name in (None, "robin", "robin/1"):
            with pytest.raises(ModelNotAvailable, match="still loading; try again"):
                voices.check(name, "palaver/tiny")
        voices.check("alto", "palaver/tiny")
        try:
            await voices.start()
            assert voices.names_for("palaver/tiny") == before
            voices.check(None, "palaver/tiny")
        finally:
            await voices.close()

    asyncio.run(run())


def test_without_embedded_voices_neural_ones_are_listed_before_they_are_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(catalogue, "is_installed", lambda: False)
    assert Voices("robin", {"robin": str(TINY)}).names == ["robin", "robin/1", "robin/2"]


def test_voices_of_a_model_that_is_not_downloaded_are_not_refused_as_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        neural, "folder_of", lambda source, may_download=True: Path("nowhere", source)
    )
    voices = Voices("robin/2", {"robin": "hub:someone/voice"})
    assert voices.names[-1] == "robin"
    with pytest.raises(ModelNotAvailable, match="voice 'robin/2' is still loading"):
        voices.check(None, "palaver/tiny")


@pytest.mark.parametrize(
    "content",
    [b"no model", b"", b"\x72", b"\xff" * 12, b"\x72" + b"\xff" * 8 + b"\x01", b"\x72\x7f\x0a"],
)
def test_a_file_that_is_no_model_is_listed_with_one_speaker(tmp_path: Path, content: bytes) -> None:
    folder = shutil.copytree(TINY, tmp_path / "voice")
    (folder / "model.onnx").write_bytes(content)
    assert [voice.name for voice in NeuralModel("robin", str(folder)).voices] == ["robin"]


def test_an_unknown_default_stops_the_start() -> None:
    async def run() -> None:
        voices = Voices("nobody")
        try:
            await voices.start()
        finally:
            await voices.close()

    with pytest.raises(SettingError, match="no voice 'nobody'; there are: alto"):
        asyncio.run(run())


@pytest.mark.parametrize("missing", ["model.onnx", "tokens.txt"])
def test_a_folder_without_its_files_stops_the_start(tmp_path: Path, missing: str) -> None:
    folder = shutil.copytree(TINY, tmp_path / "voice")
    (folder / missing).unlink()
    with pytest.raises(SettingError, match=r"one \.onnx file and tokens\.txt"):
        asyncio.run(NeuralModel("robin", str(folder)).start())


def test_a_broken_model_stops_the_start(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "voice")
    (folder / "model.onnx").write_bytes(b"no model")
    with pytest.raises(SettingError, match="cannot be loaded"):
        asyncio.run(NeuralModel("robin", str(folder)).start())


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(neural, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"palaver\[voices\]"):
        asyncio.run(NeuralModel("robin", str(TINY)).start())


def test_the_files_of_a_kokoro_model_are_found(tmp_path: Path) -> None:
    for name in ("model.onnx", "tokens.txt", "voices.bin", "lexicon-zh.txt", "lexicon-us-en.txt"):
        (tmp_path / name).touch()
    (tmp_path / "espeak-ng-data").mkdir()
    folder = VoiceFolder.open(tmp_path)
    assert folder.styles == tmp_path / "voices.bin"
    assert [path.name for path in folder.lexicons] == ["lexicon-us-en.txt", "lexicon-zh.txt"]
    assert folder.data == tmp_path / "espeak-ng-data"


def test_a_downloaded_model_is_loaded_from_the_hub_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    cached = tmp_path / "models--someone--voice"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0" * 40)
    shutil.copytree(TINY, cached / "snapshots" / ("0" * 40))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert VoiceFolder.open(folder_of("hub:someone/voice")).model.name == "model.onnx"
    with pytest.raises(SettingError, match="hub:someone/else cannot be had"):
        folder_of("hub:someone/else")
