"""The process of a model's talker: ``python -m palaver.speech.voices.native.process …``.

It can speak several answers at once, because each call makes one chunk of one answer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from palaver.generation.request import Array, Prompt
from palaver.host import tuning
from palaver.host.calls import serve_calls
from palaver.host.child_side import connect
from palaver.runtime.talker import Talker
from palaver.speech.voices.native.messages import (
    Advance,
    Begin,
    Forget,
    FromTalker,
    Spoken,
    Unknown,
    decode_to_talker,
    encode,
)
from palaver.speech.voices.native.utterance import Conversation, Utterance
from palaver.speech.voices.native.waveform import Waveform

MAX_FRAMES = 4096
"""Most frames of an answer, 12.5 a second; the same limit as in the model's own code."""

MAX_FRAMES_PER_TOKEN = 16
"""A talker that exceeds this has missed the end of the answer, and is stopped."""

_LOUDEST = 32_767


@dataclass(slots=True)
class _SpokenAnswer:
    """An answer that is being spoken."""

    utterance: Utterance
    waveform: Waveform
    num_tokens: int = 0
    is_whole: bool = False

    @property
    def is_ended(self) -> bool:
        limit = min(MAX_FRAMES, MAX_FRAMES_PER_TOKEN * self.num_tokens)
        return self.utterance.is_ended or (self.is_whole and self.waveform.num_frames >= limit)

    def advance(self, token_ids: list[int], *, is_last: bool) -> Spoken:
        """See :class:`Advance`."""
        self.utterance.feed(token_ids)
        self.num_tokens += len(token_ids)
        if is_last and not self.is_whole:
            self.is_whole = True
            self.utterance.finish()
        while not self.is_ended and (frame := self.utterance.next_frame()) is not None:
            if (chunk := self.waveform.add(frame)) is not None:
                return Spoken(_samples(chunk), has_more=True)
        rest = _samples(self.waveform.finish()) if self.is_whole else b""
        return Spoken(rest, has_more=False)


class TalkerServer:
    """Answers the messages of the parent.

    Args:
        talker: The models.
    """

    def __init__(self, talker: Talker) -> None:
        self._talker = talker
        self._answers: dict[int, _SpokenAnswer] = {}

    def answer(self, content: bytes) -> bytes:
        """The answer to a message."""
        return encode(self._answered(content))

    def _answered(self, content: bytes) -> FromTalker:
        match decode_to_talker(content):
            case Begin(number, voice, prompt, hidden_states):
                utterance = Utterance(self._talker, _conversation(prompt, hidden_states), voice)
                self._answers[number] = _SpokenAnswer(utterance, Waveform(self._talker))
            case Advance(number, token_ids, is_last):
                if not (answer := self._answers.get(number)):
                    return Unknown()
                return answer.advance(token_ids, is_last=is_last)
            case Forget(number):
                self._answers.pop(number, None)
        return Spoken(b"", has_more=False)


def _conversation(prompt: Prompt, hidden_states: list[Array]) -> Conversation:
    if not prompt.placeholders:
        return Conversation(prompt.token_ids)
    num_tokens = len(prompt)
    return Conversation(
        prompt.token_ids,
        prompt.rope_ids(0, num_tokens),
        prompt.media_tokens(0, num_tokens),
        np.concatenate([rows.numpy() for rows in hidden_states]),
    )


def _samples(wave: NDArray[np.float32]) -> bytes:
    return (wave.clip(-1, 1) * _LOUDEST).round().astype(np.int16).tobytes()


def main() -> None:
    """Load the models of a folder and speak the parent's answers."""
    parent = connect()
    if parent.is_tuned:
        tuning.tune_background_process()
    try:
        talker = Talker(Path(parent.config), max(len(os.sched_getaffinity(0)) // 2, 1))
    except Exception as error:  # OpenVINO does not document its exceptions
        parent.say_failed(str(error))
        return
    parent.say_ready()
    serve_calls(parent, TalkerServer(talker).answer)


if __name__ == "__main__":
    main()
