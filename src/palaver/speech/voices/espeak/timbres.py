"""The embedded voices by name, and how each of them sounds.

The library and its data come with the ``espeakng-loader`` package (the ``speech`` extra).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TypeAlias

_PACKAGE = "espeakng_loader"
_LANGUAGES = {"en": "en-us", "zh": "cmn", "fr": "fr-fr"}
"""Where espeak-ng's name of a language is not its two letters."""

Style: TypeAlias = tuple[str, int, int]
"""espeak-ng's voice, words per minute, pitch."""


@dataclass(frozen=True, slots=True)
class Timbre:
    """How one of espeak-ng's voices sounds.

    Attributes:
        variant: espeak-ng's name of it.
        pitch: 0 to 99.
        words_per_minute: How fast it speaks.
    """

    variant: str
    pitch: int = 50
    words_per_minute: int = 170

    def style(self, language: str) -> Style:
        """What to ask of a process for a language by its two letters."""
        voice = f"{_LANGUAGES.get(language, language)}+{self.variant}"
        return voice, self.words_per_minute, self.pitch


TIMBRES = {
    "alto": Timbre("f3"),
    "soprano": Timbre("f2", pitch=65),
    "tenor": Timbre("m7", pitch=45),
    "bass": Timbre("m3", pitch=30),
}


def is_installed() -> bool:
    """Whether the package with the library is there."""
    return find_spec(_PACKAGE) is not None
