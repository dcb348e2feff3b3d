"""All voices of a server, by name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping

from palaver.errors import InvalidRequest, ModelNotAvailable, SettingError
from palaver.speech import espeak
from palaver.speech.language import language_of
from palaver.speech.neural import NeuralModel
from palaver.speech.voice import Voice

DEFAULT_VOICE = "alto"
INSTALL = "pip install 'palaver[speech]'"

_log = logging.getLogger(__name__)


class Voices:
    """The embedded voices, if their package is installed, and neural ones.

    Args:
        default: The voice of a request that names none.
        models: Neural voice models: name to folder or ``hub:OWNER/NAME``.
    """

    def __init__(self, default: str = DEFAULT_VOICE, models: Mapping[str, str] = {}) -> None:
        self._pool = espeak.EspeakPool() if espeak.is_installed() else None
        self._models = [NeuralModel(name, source) for name, source in models.items()]
        self._voices: dict[str, Voice] = {}
        if self._pool:
            for name, timbre in espeak.TIMBRES.items():
                self._voices[name] = espeak.EmbeddedVoice(name, timbre, self._pool)
        self._default = default

    def __iter__(self) -> Iterator[Voice]:
        """The voices, in the order in which they are listed."""
        return iter(self._voices.values())

    @property
    def names(self) -> list[str]:
        """Their names."""
        return list(self._voices)

    def get(self, name: str | None) -> Voice:
        """The voice of that name; ``None`` means the default.

        Raises:
            InvalidRequest: There is none; the message lists those that are.
        """
        if not self._voices:
            raise InvalidRequest(
                f"modalities: this server has no voice, so it cannot answer in sound; "
                f"`{INSTALL}` brings the embedded ones",
                param="modalities",
            )
        name = self._default if name is None else name
        if name not in self._voices:
            known = ", ".join(self._voices)
            raise InvalidRequest(
                f"audio.voice: there is no voice {name!r} here; the voices are: {known}",
                param="audio.voice",
            )
        return self._voices[name]

    async def start(self) -> None:
        """Load all voices.

        An embedded voice that fails is logged and shows again with a request.

        Raises:
            SettingError: A neural voice cannot be loaded, or there is no default voice.
        """
        work = [self._start_embedded(), *(self._load(model) for model in self._models)]
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if outcome is not None:  # raised when all are through: half-started ones would be left
                raise outcome
        if self._voices and self._default not in self._voices:
            known = ", ".join(self._voices)
            raise SettingError(f"voice: there is no voice {self._default!r}; there are: {known}")

    async def close(self) -> None:
        """End all processes."""
        await asyncio.gather(*(model.close() for model in self._models))
        if self._pool:
            await self._pool.close()

    async def _load(self, model: NeuralModel) -> None:
        for voice in await model.start():
            self._voices[voice.name] = voice

    async def _start_embedded(self) -> None:
        if self._pool:
            try:
                await self._pool.start()
                await asyncio.to_thread(language_of, "It takes a while to get to know them.")
            except ModelNotAvailable as error:
                _log.warning("%s", error.message)
