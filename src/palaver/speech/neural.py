"""Neural voices: models from a folder or the hub, run by sherpa-onnx (the ``voices`` extra)."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from palaver.errors import ModelNotAvailable, SettingError
from palaver.host.lifeline import end_with_parent
from palaver.speech.encode import resampled
from palaver.speech.sentences import readable
from palaver.speech.voice import SAMPLE_RATE_HZ, Samples

INSTALL = "pip install 'palaver[voices]'"
_HUB = "hub:"
_NICENESS = 5
_PAUSE_S = 0.25
_NUM_THREADS = 1
_LOUDEST = 32_000


@dataclass(frozen=True, slots=True)
class VoiceFolder:
    """The files of a voice model, as sherpa-onnx's collection of models lays them out.

    Attributes:
        model: The network.
        tokens: Its symbols.
        lexicons: How words are pronounced, if it needs that.
        data: espeak-ng's data, if it pronounces by those.
        styles: The speakers of a Kokoro model; others are VITS models (Piper, MMS, MeloTTS, Coqui).
    """

    model: Path
    tokens: Path
    lexicons: tuple[Path, ...] = ()
    data: Path | None = None
    styles: Path | None = None

    @classmethod
    def open(cls, path: Path) -> VoiceFolder:
        """Find the files of a folder.

        Raises:
            SettingError: It holds no voice model; the message says what is missing.
        """
        models = sorted(path.glob("*.onnx"))
        tokens = path / "tokens.txt"
        if len(models) != 1 or not tokens.is_file():
            raise SettingError(
                f"voices: {path} must hold one .onnx file and tokens.txt, as the VITS and Kokoro "
                f"models of sherpa-onnx do; there are {len(models)} .onnx files"
                f"{'' if tokens.is_file() else ' and no tokens.txt'}"
            )
        data, styles = path / "espeak-ng-data", path / "voices.bin"
        return cls(
            model=models[0],
            tokens=tokens,
            lexicons=tuple(sorted(path.glob("lexicon*.txt"))),
            data=data if data.is_dir() else None,
            styles=styles if styles.is_file() else None,
        )


def folder_of(source: str) -> Path:
    """The folder of a voice model; one from the hub is downloaded unless it is here already.

    Args:
        source: A folder, or ``hub:OWNER/NAME``.

    Raises:
        SettingError: There is no such folder or model, or the library is not installed.
    """
    if not source.startswith(_HUB):
        return Path(source)
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415
    except ImportError as error:
        raise SettingError(f"voices: {source} needs huggingface-hub; `{INSTALL}`") from error
    try:
        return Path(snapshot_download(source.removeprefix(_HUB)))
    except Exception as error:  # the library raises what its HTTP client and its cache do
        raise SettingError(f"voices: {source} cannot be had: {error}") from error


class NeuralModel:
    """A voice model in a process of its own, which speaks one sentence at a time.

    Args:
        name: As the setting names it.
        source: Where it is; see :func:`folder_of`.
    """

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self._source = source
        self._folder: VoiceFolder | None = None
        self._executor: ProcessPoolExecutor | None = None

    async def start(self) -> list[NeuralVoice]:
        """Load it; its voices are its speakers, the first under the model's own name.

        Raises:
            SettingError: It cannot be loaded.
        """
        if find_spec("sherpa_onnx") is None:
            raise SettingError(f"voices: neural voices need sherpa-onnx; `{INSTALL}`")
        self._folder = VoiceFolder.open(await asyncio.to_thread(folder_of, self._source))
        try:
            num_speakers = await self._call(_num_speakers)
        except ModelNotAvailable as error:
            raise SettingError(f"voices: {self.name} cannot be loaded: {error}") from error
        names = [self.name, *(f"{self.name}/{i}" for i in range(1, num_speakers))]
        return [NeuralVoice(name, self, speaker) for speaker, name in enumerate(names)]

    async def speak(self, text: str, speaker: int) -> Samples:
        """The sound of a text.

        Raises:
            ModelNotAvailable: The model's process has ended; the next call starts another.
        """
        samples: Samples = await self._call(_speak, text, speaker)
        return samples

    async def close(self) -> None:
        """End the process."""
        executor, self._executor = self._executor, None
        if executor:
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)

    async def _call(self, work: Any, *arguments: Any) -> Any:
        if self._executor is None:
            assert self._folder is not None
            self._executor = ProcessPoolExecutor(
                1, get_context("spawn"), initializer=partial(_begin, self._folder)
            )
        executor = self._executor
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(executor, work, *arguments)
        except BrokenProcessPool as error:
            if self._executor is executor:  # another call may have begun anew already
                self._executor = None
            raise ModelNotAvailable(f"the voice {self.name} has failed; try again") from error


class NeuralVoice:
    """One speaker of a voice model.

    Args:
        name: As clients ask for it.
        model: Who speaks.
        speaker: Which of its speakers.
    """

    is_quick = False

    def __init__(self, name: str, model: NeuralModel, speaker: int) -> None:
        self.name = name
        self.description = f"neural, speaker {speaker} of {model.name}"
        self._model = model
        self._speaker = speaker

    async def say(
        self,
        sentence: str,
        language: str,  # noqa: ARG002  # it has its own
        *,
        is_urgent: bool = False,  # noqa: ARG002  # every sentence takes long, and writing goes first
        played_until_s: float | None = None,  # noqa: ARG002  # which is slow enough as it is
    ) -> AsyncIterator[Samples]:
        """See :meth:`Voice.say`; what has nothing to read is silence of no length."""
        text = re.sub(r"\s+", " ", readable(sentence))
        if any(character.isalnum() for character in text):
            samples = await self._model.speak(text, self._speaker)
            pause = np.zeros(int(_PAUSE_S * SAMPLE_RATE_HZ), dtype=np.int16)
            yield np.concatenate([samples, pause])


_synthesiser: Any = None
"""In the model's process: the model."""


def _begin(folder: VoiceFolder) -> None:
    global _synthesiser  # noqa: PLW0603  # the process has one model for all of its life
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's affair
    end_with_parent()
    os.nice(_NICENESS)
    import sherpa_onnx  # noqa: PLC0415

    files = {
        "model": str(folder.model),
        "tokens": str(folder.tokens),
        "lexicon": ",".join(str(lexicon) for lexicon in folder.lexicons),
        "data_dir": str(folder.data or ""),
    }
    if folder.styles:
        model = sherpa_onnx.OfflineTtsModelConfig(
            kokoro=sherpa_onnx.OfflineTtsKokoroModelConfig(voices=str(folder.styles), **files),
            num_threads=_NUM_THREADS,
        )
    else:  # without noise, the same sentence always sounds the same
        vits = sherpa_onnx.OfflineTtsVitsModelConfig(noise_scale=0, noise_scale_w=0, **files)
        model = sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=_NUM_THREADS)
    _synthesiser = sherpa_onnx.OfflineTts(sherpa_onnx.OfflineTtsConfig(model=model))


def _num_speakers() -> int:
    return max(int(_synthesiser.num_speakers), 1)


def _speak(text: str, speaker: int) -> Samples:
    sound = _synthesiser.generate(text, sid=speaker)
    samples = np.asarray(sound.samples, dtype=np.float32)
    scaled = (samples.clip(-1, 1) * _LOUDEST).astype(np.int16)
    return resampled(scaled, int(sound.sample_rate))
