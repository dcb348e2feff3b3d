"""A model's own voices: its talker, in a process of its own (spec row S11)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from palaver.errors import ModelNotAvailable, SettingError
from palaver.generation.request import Array, Prompt
from palaver.host.calls import Caller
from palaver.host.child import ChildError
from palaver.speech.voice import Samples
from palaver.speech.voices.native.messages import (
    Advance,
    Begin,
    Forget,
    Spoken,
    ToTalker,
    decode_from_talker,
    encode,
)


class TalkerModel:
    """The talker of one model; it can speak several answers at once.

    Args:
        name: The model's name.
        folder: The model's folder.
        voices: The names of its voices.
    """

    def __init__(self, name: str, folder: Path, voices: Sequence[str]) -> None:
        self.name = name
        self.voices = tuple(voices)
        self._caller = Caller("palaver.speech.voices.native.process", str(folder))
        self._numbers = count()

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._caller.pid

    async def start(self) -> None:
        """Load it.

        Raises:
            SettingError: It cannot be loaded.
        """
        try:
            await self._caller.start()
        except ChildError as error:
            message = f"models: the talker of {self.name} cannot be loaded: {error}"
            raise SettingError(message) from error

    def narration(
        self, voice: str, prompt: Prompt, encode_text: Callable[[str], list[int]]
    ) -> TalkerNarration:
        """Begin to speak an answer.

        Args:
            voice: One of its voices.
            prompt: The prompt of the answer.
            encode_text: Turns text into the model's tokens.
        """
        return TalkerNarration(self, next(self._numbers), voice, prompt, encode_text)

    async def call(self, message: ToTalker) -> Spoken:
        """Send a message; returns the answer.

        Raises:
            ModelNotAvailable: The process has ended; the next answer starts another one.
        """
        failure: Exception | None = None
        try:
            answer = decode_from_talker(await self._caller.call(encode(message)))
        except ChildError as error:
            answer, failure = None, error
        if not isinstance(answer, Spoken):
            raise ModelNotAvailable(f"the talker of {self.name} has failed; try again") from failure
        return answer

    def forget(self, number: int) -> None:
        """Let the process forget an answer."""
        self._caller.tell(encode(Forget(number)))

    async def close(self) -> None:
        """End the process."""
        await self._caller.end()


class TalkerNarration:
    """One answer, spoken by the model that writes it; see :class:`Narration`.

    Args:
        model: The talker.
        number: Identifies the answer in the process.
        voice: One of the talker's voices.
        prompt: The prompt of the answer.
        encode_text: Turns text into the model's tokens.

    Attributes:
        wants_hidden_states: See :attr:`Narration.wants_hidden_states`.
    """

    def __init__(
        self,
        model: TalkerModel,
        number: int,
        voice: str,
        prompt: Prompt,
        encode_text: Callable[[str], list[int]],
    ) -> None:
        self.wants_hidden_states = bool(prompt.placeholders)
        self._model = model
        self._number = number
        self._voice = voice
        self._prompt = prompt.without_content()
        self._encode_text = encode_text
        self._hidden_states: list[Array] = []
        self._is_begun = False

    def take_hidden_states(self, hidden_states: Sequence[NDArray[np.float32]]) -> None:
        """See :meth:`Narration.take_hidden_states`."""
        self._hidden_states = [Array.of(rows) for rows in hidden_states]

    async def say(self, sentence: str, language: str) -> AsyncGenerator[Samples, None]:  # noqa: ARG002
        """See :meth:`Narration.say`; the model detects the language itself."""
        token_ids = self._encode_text(sentence)
        if not self._is_begun:
            self._is_begun = True
            begin = Begin(self._number, self._voice, self._prompt, self._hidden_states)
            await self._model.call(begin)
        async for samples in self._advance(token_ids, is_last=False):
            yield samples

    async def finish(self) -> AsyncGenerator[Samples, None]:
        """See :meth:`Narration.finish`."""
        if self._is_begun:
            async for samples in self._advance([], is_last=True):
                yield samples

    def close(self) -> None:
        """See :meth:`Narration.close`."""
        if self._is_begun:
            self._is_begun = False
            self._model.forget(self._number)

    async def _advance(
        self, token_ids: list[int], *, is_last: bool
    ) -> AsyncGenerator[Samples, None]:
        """Speak as far as the tokens suffice, a chunk at a time."""
        has_more = True
        while has_more:
            spoken = await self._model.call(Advance(self._number, token_ids, is_last))
            token_ids, has_more = [], spoken.has_more
            if spoken.samples:
                yield np.frombuffer(spoken.samples, dtype=np.int16)
