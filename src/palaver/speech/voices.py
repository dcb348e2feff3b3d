"""All voices of a server, by name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from palaver.errors import InvalidRequest, ModelNotAvailable, SettingError
from palaver.speech import espeak
from palaver.speech.language import language_of
from palaver.speech.voice import Voice

DEFAULT_VOICE = "alto"
INSTALL = "pip install 'palaver[speech]'"

_log = logging.getLogger(__name__)


class Voices:
    """The embedded voices, if their package is installed.

    Args:
        default: The voice of a request that names none.

    Raises:
        SettingError: There is no such voice.
    """

    def __init__(self, default: str = DEFAULT_VOICE) -> None:
        self._pool = espeak.EspeakPool() if espeak.is_installed() else None
        self._voices: dict[str, Voice] = {}
        if self._pool:
            for name, timbre in espeak.TIMBRES.items():
                self._voices[name] = espeak.EmbeddedVoice(name, timbre, self._pool)
        if self._voices and default not in self._voices:
            known = ", ".join(self._voices)
            raise SettingError(f"voice: there is no voice {default!r}; there are: {known}")
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
        """Get ready to speak at once; a failure is logged and shows again with a request."""
        if self._pool:
            try:
                await self._pool.start()
                await asyncio.to_thread(language_of, "It takes a while to get to know them.")
            except ModelNotAvailable as error:
                _log.warning("%s", error.message)

    async def close(self) -> None:
        """End all processes."""
        if self._pool:
            await self._pool.close()
