"""All voices of a server, by name; they are loaded by :meth:`Voices.start`."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

from palaver.errors import InvalidRequest, ModelNotAvailable, SettingError
from palaver.generation.request import Prompt
from palaver.speech.language import DEFAULT_LANGUAGE, language_of
from palaver.speech.narration import Narration, VoiceNarration
from palaver.speech.voice import Voice
from palaver.speech.voices.espeak.pool import EspeakPool
from palaver.speech.voices.espeak.timbres import TIMBRES, is_installed
from palaver.speech.voices.espeak.voice import EmbeddedVoice
from palaver.speech.voices.native.talker import TalkerModel
from palaver.speech.voices.neural.voice import NeuralModel

DEFAULT_VOICE = "alto"
_WARM = (DEFAULT_LANGUAGE, "zh")
"""Languages for which a process with the default voice is prepared at the start."""
INSTALL = "pip install 'palaver[speech]'"

_log = logging.getLogger(__name__)


class Voices:
    """The embedded voices, if their package is installed, neural voices, and models' own voices.

    Args:
        default: The voice of a request that names none.
        models: Neural voice models: name to folder or ``hub:OWNER/NAME``.
        talkers: The talkers of models that have voices of their own.
    """

    def __init__(
        self,
        default: str = DEFAULT_VOICE,
        models: Mapping[str, str] = {},
        talkers: Iterable[TalkerModel] = (),
    ) -> None:
        self._pool = EspeakPool() if is_installed() else None
        self._models = [NeuralModel(name, source) for name, source in models.items()]
        self._talkers = {talker.name: talker for talker in talkers}
        self._voices: dict[str, Voice] = {}
        if self._pool:
            for name, timbre in TIMBRES.items():
                self._voices[name] = EmbeddedVoice(name, timbre, self._pool)
        for model in self._models:
            self._voices |= {voice.name: voice for voice in model.voices}
        self._default = default

    def __iter__(self) -> Iterator[Voice]:
        """The voices that can speak any model's answers, in the order in which they are listed."""
        return iter(self._voices.values())

    @property
    def names(self) -> list[str]:
        """Their names."""
        return list(self._voices)

    def names_for(self, model: str) -> list[str]:
        """The names of the voices that can speak a model's answers, its own ones first."""
        own = self._own(model)
        return [*own, *(name for name in self._voices if name not in own)]

    def check(self, name: str | None, model: str) -> None:
        """Make sure that a voice can speak a model's answers.

        Raises:
            InvalidRequest: There is no such voice; the message lists the voices.
            ModelNotAvailable: It is not loaded yet.
        """
        if name not in self._own(model):
            self.get(name, model)

    def narration(
        self,
        name: str | None,
        model: str,
        encode: Callable[[str], list[int]],
        prompt: Prompt,
        *,
        is_played: bool = False,
    ) -> Narration:
        """Begin to speak an answer.

        Args:
            name: The voice, of the model itself or any other; ``None`` means the default.
            model: The model that answers.
            encode: Turns text into the model's tokens.
            prompt: The prompt of the answer.
            is_played: Whether the audio is played while it is made.

        Raises:
            InvalidRequest: There is no such voice.
            ModelNotAvailable: It is not loaded yet.
        """
        if name is not None and name in self._own(model):
            return self._talkers[model].narration(name, prompt, encode)
        return VoiceNarration(self.get(name, model), is_played=is_played)

    def get(self, name: str | None, model: str = "") -> Voice:
        """A voice that can speak any model's answers.

        Args:
            name: Its name; ``None`` means the default.
            model: A model whose own voices are listed in the error message, too.

        Raises:
            InvalidRequest: There is no such voice; the message lists the voices.
            ModelNotAvailable: It is not loaded yet.
        """
        if not (names := self.names_for(model)):
            raise InvalidRequest(
                "modalities: this server has no voice, so it answers in text only",
                param="modalities",
            )
        name = self._default if name is None else name
        if self._is_loading(name):
            raise ModelNotAvailable(f"voice {name!r} is still loading; try again")
        if name not in self._voices:
            known = ", ".join(names)
            raise InvalidRequest(
                f"audio.voice: there is no voice {name!r} here; the voices are: {known}",
                param="audio.voice",
            )
        return self._voices[name]

    async def start(self) -> None:
        """Load all voices.

        A failure of the embedded voices is only logged; requests for them fail later.

        Raises:
            SettingError: A neural voice cannot be loaded, or there is no default voice.
        """
        work = [self._start_embedded(), *(self._load(model) for model in self._models)]
        work += [talker.start() for talker in self._talkers.values()]
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if outcome is not None:  # not earlier: others would be left half-started
                raise outcome
        if self._voices and self._default not in self._voices:
            known = ", ".join(self._voices)
            raise SettingError(f"voice: there is no voice {self._default!r}; there are: {known}")

    async def close(self) -> None:
        """End all processes."""
        await asyncio.gather(*(model.close() for model in self._models))
        await asyncio.gather(*(talker.close() for talker in self._talkers.values()))
        if self._pool:
            await self._pool.close()

    def _own(self, model: str) -> tuple[str, ...]:
        return self._talkers[model].voices if model in self._talkers else ()

    def _is_loading(self, name: str) -> bool:
        """Whether a voice is, or may be, a speaker of a model that is not loaded yet."""
        return any(
            name == model.name or name.startswith(f"{model.name}/")
            for model in self._models
            if not model.is_loaded
        )

    async def _load(self, model: NeuralModel) -> None:
        self._voices |= {voice.name: voice for voice in await model.start()}

    async def _start_embedded(self) -> None:
        if not self._pool:
            _log.info("there are no embedded voices; `%s` brings them", INSTALL)
            return
        try:
            await self._pool.start()
            if isinstance(voice := self._voices.get(self._default), EmbeddedVoice):
                await asyncio.gather(*(voice.warm_up(language) for language in _WARM))
            await asyncio.to_thread(language_of, "It takes a while to get to know them.")
            await asyncio.to_thread(importlib.import_module, "palaver.speech.encode")
        except ModelNotAvailable as error:
            _log.warning("%s", error.message)
