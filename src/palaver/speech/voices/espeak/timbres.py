"""The embedded voices by name, with the parameters of each.

The library and its data come with the ``espeakng-loader`` package (the ``speech`` extra).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TypeAlias

_PACKAGE = "espeakng_loader"
_LANGUAGES = {"en": "en-us", "zh": "cmn", "fr": "fr-fr"}
"""espeak-ng's names of languages, where they are not the two-letter codes."""

Style: TypeAlias = tuple[str, int, int]
"""espeak-ng's voice, words per minute, pitch."""


@dataclass(frozen=True, slots=True)
class Timbre:
    """The parameters of one of the embedded voices.

    Attributes:
        variant: espeak-ng's name of the voice variant.
        pitch: 0 to 99.
        words_per_minute: Its speed.
    """

    variant: str
    pitch: int = 50
    words_per_minute: int = 170

    def style(self, language: str) -> Style:
        """The style for a language, given by its two-letter code."""
        voice = f"{_LANGUAGES.get(language, language)}+{self.variant}"
        return voice, self.words_per_minute, self.pitch


TIMBRES = {
    "alto": Timbre("f3"),
    "soprano": Timbre("f2", pitch=65),
    "tenor": Timbre("m7", pitch=45),
    "bass": Timbre("m3", pitch=30),
}


def is_installed() -> bool:
    """Whether the package with the library is installed."""
    return find_spec(_PACKAGE) is not None
