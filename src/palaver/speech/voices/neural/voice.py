"""Neural voices: the speakers of a model that runs in a process of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from importlib.util import find_spec

import msgspec
import numpy as np

from palaver.errors import ModelNotAvailable, SettingError
from palaver.host.calls import Caller
from palaver.host.child import ChildError
from palaver.speech.sentences import readable
from palaver.speech.voice import Samples, pause
from palaver.speech.voices.download import INSTALL, folder_of
from palaver.speech.voices.neural.folder import VoiceFolder
from palaver.speech.voices.neural.sentence import Sentence

_encoder = msgspec.msgpack.Encoder()


class NeuralModel:
    """A voice model in a process of its own, which speaks one sentence at a time.

    Args:
        name: Its name in the setting.
        source: A folder or hub name; see :func:`folder_of`.

    Attributes:
        voices: Its speakers, the first under the model's own name. They are known before it is
            loaded, except those of a model that has to be downloaded first: then only the first is.
        is_loaded: Whether it has been loaded.
    """

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self._source = source
        self._caller: Caller | None = None
        self.is_loaded = False
        self.voices = self._voices(_num_speakers(source))

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._caller.pid if self._caller else None

    async def start(self) -> list[NeuralVoice]:
        """Load it; returns its voices.

        Raises:
            SettingError: It cannot be loaded.
        """
        if find_spec("sherpa_onnx") is None:
            raise SettingError(f"voices: neural voices need sherpa-onnx; `{INSTALL}`")
        folder = VoiceFolder.open(await asyncio.to_thread(folder_of, self._source))
        config = msgspec.json.encode(folder, enc_hook=str).decode()
        self._caller = Caller("palaver.speech.voices.neural.process", config)
        try:
            num_speakers = int(await self._caller.start())
        except ChildError as error:
            raise SettingError(f"voices: {self.name} cannot be loaded: {error}") from error
        self.voices = self._voices(num_speakers)
        self.is_loaded = True
        return self.voices

    async def speak(self, text: str, speaker: int) -> Samples:
        """The samples of a text.

        Raises:
            ModelNotAvailable: The model has failed; if its process has ended, the next call starts
                another.
        """
        assert self._caller is not None, "it has not been started"
        try:
            content = await self._caller.call(_encoder.encode(Sentence(text, speaker)))
        except ChildError as error:
            raise ModelNotAvailable(f"the voice {self.name} has failed; try again") from error
        return np.frombuffer(content, dtype=np.int16)

    async def close(self) -> None:
        """End the process."""
        if self._caller:
            await self._caller.end()

    def _voices(self, num_speakers: int) -> list[NeuralVoice]:
        names = [self.name, *(f"{self.name}/{i}" for i in range(1, num_speakers))]
        return [NeuralVoice(name, self, speaker) for speaker, name in enumerate(names)]


class NeuralVoice:
    """One speaker of a voice model; see :class:`palaver.speech.voice.Voice`.

    Args:
        name: The name by which clients ask for it.
        model: The voice model.
        speaker: Index of its speaker.
    """

    def __init__(self, name: str, model: NeuralModel, speaker: int) -> None:
        self.name = name
        self.description = f"neural, speaker {speaker} of {model.name}"
        self._model = model
        self._speaker = speaker

    async def say(
        self,
        sentence: str,
        language: str,  # noqa: ARG002  # the model has one language
        *,
        is_played: bool = False,  # noqa: ARG002  # the pace is not limited: the model is slow
    ) -> AsyncGenerator[Samples, None]:
        """See :meth:`Voice.say`; a sentence without letters or digits has no audio."""
        text = re.sub(r"\s+", " ", readable(sentence))
        if any(character.isalnum() for character in text):
            samples = await self._model.speak(text, self._speaker)
            yield np.concatenate([samples, pause()])


def _num_speakers(source: str) -> int:
    """The number of a model's speakers, from its files; 1 where they are not there or broken.

    What is wrong with them is reported when the model is loaded.
    """
    try:
        return VoiceFolder.open(folder_of(source, may_download=False)).num_speakers
    except (SettingError, OSError, ValueError):
        return 1
