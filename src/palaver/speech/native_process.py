"""The process in which a model's talker speaks: several answers, each a piece at a time."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from palaver.generation.request import Prompt
from palaver.host.lifeline import end_with_parent
from palaver.speech.voice import Samples

if TYPE_CHECKING:
    from palaver.runtime.saying import Saying
    from palaver.runtime.talker import Talker
    from palaver.runtime.waveform import Waveform

MAX_FRAMES = 4096
"""Frames of an answer at most, 12.5 a second, as the model's own code has it."""

MAX_FRAMES_PER_TOKEN = 16
"""A talker that speaks longer than that does not find its end."""

_NICENESS = 5
_LOUDEST = 32_767


@dataclass(slots=True)
class _Answer:
    """An answer under way."""

    saying: Saying
    waveform: Waveform
    num_tokens: int = 0
    is_whole: bool = field(default=False)

    @property
    def is_ended(self) -> bool:
        limit = min(MAX_FRAMES, MAX_FRAMES_PER_TOKEN * self.num_tokens)
        return self.saying.is_ended or (self.is_whole and self.waveform.num_frames >= limit)


_talker: Talker | None = None
"""In the process: the models."""

_answers: dict[int, _Answer] = {}
"""In the process: the answers that are being spoken."""


def begin(folder: Path) -> None:
    """Load the models of a folder; the process has them for all of its life."""
    global _talker  # noqa: PLW0603
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the server's affair
    end_with_parent()
    os.nice(_NICENESS)
    from palaver.runtime.talker import Talker  # noqa: PLC0415  # the API imports no OpenVINO

    _talker = Talker(folder, max(len(os.sched_getaffinity(0)) // 2, 1))


def is_ready() -> bool:
    """Whether the models are loaded."""
    return _talker is not None


def open_answer(
    number: int, speaker: str, prompt: Prompt, states: list[NDArray[np.float32]]
) -> None:
    """Begin an answer to a prompt.

    Args:
        number: Names the answer from now on.
        speaker: With which voice.
        prompt: What is answered.
        states: What the thinker made of its media, in order.
    """
    from palaver.runtime.saying import Conversation, Saying  # noqa: PLC0415
    from palaver.runtime.waveform import Waveform  # noqa: PLC0415

    assert _talker is not None
    conversation = Conversation(prompt.token_ids)
    if prompt.spans:
        num_tokens = len(prompt)
        conversation = Conversation(
            prompt.token_ids,
            prompt.rope_ids(0, num_tokens),
            prompt.media_tokens(0, num_tokens),
            np.concatenate(states),
        )
    _answers[number] = _Answer(Saying(_talker, conversation, speaker), Waveform(_talker))


def advance(number: int, token_ids: list[int], is_last: bool) -> tuple[Samples, bool]:
    """Speak on, until a piece of sound is complete or more of the answer is needed.

    Args:
        number: Which answer.
        token_ids: More of its tokens.
        is_last: Whether these are the last ones.

    Returns:
        The piece, possibly of no length, and whether there may be more without further tokens.
    """
    answer = _answers[number]
    answer.saying.feed(token_ids)
    answer.num_tokens += len(token_ids)
    if is_last and not answer.is_whole:
        answer.is_whole = True
        answer.saying.finish()
    while not answer.is_ended and (frame := answer.saying.next_frame()) is not None:
        if (piece := answer.waveform.add(frame)) is not None:
            return _samples(piece), True
    if answer.is_whole:
        return _samples(answer.waveform.finish()), False
    return _samples(np.zeros(0, dtype=np.float32)), False


def close_answer(number: int) -> None:
    """Forget an answer."""
    _answers.pop(number, None)


def _samples(wave: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Samples:
    return (wave.clip(-1, 1) * _LOUDEST).round().astype(np.int16)
