"""Images, video and audio as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Kind: TypeAlias = Literal["image", "video", "audio"]
MEDIA_KINDS: tuple[Kind, ...] = get_args(Kind)
"""All kinds, in the order in which they are listed."""
Detail: TypeAlias = Literal["low", "high", "auto"]

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Image:
    """An image, upright and without transparency.

    Attributes:
        pixels: ``uint8[height, width, 3]``, red, green, blue.
    """

    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Video:
    """Evenly spaced frames of a video.

    Attributes:
        frames: ``uint8[N, height, width, 3]``, red, green, blue.
        times_s: ``float64[N]``, when each of them is shown.
    """

    frames: NDArray[np.uint8]
    times_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Audio:
    """Audio, all channels mixed into one.

    Attributes:
        samples: ``float32[N]``, -1 to 1, 16,000 a second.
    """

    samples: NDArray[np.float32]


Media: TypeAlias = Image | Video | Audio
