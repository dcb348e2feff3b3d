"""A model's own voice: the talker of a Qwen3-Omni, in a process of its own (spec row S11)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palaver.errors import ModelNotAvailable, SettingError
from palaver.generation.request import Prompt
from palaver.speech import native_process
from palaver.speech.voice import Samples


class NativeModel:
    """The talker of one model; it speaks several answers in turn, a piece of each.

    Args:
        name: The model's name.
        folder: Where it lies.
        speakers: The names of its voices.
    """

    def __init__(self, name: str, folder: Path, speakers: Sequence[str]) -> None:
        self.name = name
        self.speakers = tuple(speakers)
        self.executor: ProcessPoolExecutor | None = None
        self._folder = folder
        self._ids = count()

    async def start(self) -> None:
        """Load it.

        Raises:
            SettingError: It cannot be loaded.
        """
        try:
            await self.call(self.open(), native_process.is_ready)
        except ModelNotAvailable as error:
            raise SettingError(f"models: the talker of {self.name} cannot be loaded") from error

    def reading(
        self,
        speaker: str,
        prompt: Prompt,
        encode: Callable[[str], list[int]],
        states: Sequence[NDArray[np.float32]] = (),
    ) -> NativeReading:
        """Begin to speak an answer.

        Args:
            speaker: With which of its voices.
            prompt: What is answered.
            encode: Text to the model's tokens.
            states: What the model makes of the prompt's media, once it has begun to answer.
        """
        return NativeReading(self, next(self._ids), speaker, prompt, encode, states)

    def open(self) -> ProcessPoolExecutor:
        """Its process, started again if it has ended."""
        if self.executor is None:
            self.executor = ProcessPoolExecutor(
                1, get_context("spawn"), initializer=partial(native_process.begin, self._folder)
            )
        return self.executor

    async def call(self, executor: ProcessPoolExecutor, work: Any, *arguments: Any) -> Any:
        """What ``work`` returns in the process.

        Raises:
            ModelNotAvailable: The process has ended; the next answer starts another.
        """
        try:
            if executor is self.executor:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(executor, work, *arguments)
        except BrokenProcessPool:
            if executor is self.executor:
                self.executor = None
        raise ModelNotAvailable(f"the talker of {self.name} has failed; try again")

    async def close(self) -> None:
        """End the process."""
        executor, self.executor = self.executor, None
        if executor:
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)


class NativeReading:
    """One answer, spoken by the model that writes it; see :class:`Reading`.

    Args:
        model: Whose talker speaks.
        number: Of the answer, for the process.
        speaker: With which voice.
        prompt: What is answered.
        encode: Text to the model's tokens.
        states: What the model makes of the prompt's media, once it has begun to answer.

    Attributes:
        wants_hidden_states: See :attr:`Reading.wants_hidden_states`.
    """

    def __init__(
        self,
        model: NativeModel,
        number: int,
        speaker: str,
        prompt: Prompt,
        encode: Callable[[str], list[int]],
        states: Sequence[NDArray[np.float32]],
    ) -> None:
        self.wants_hidden_states = bool(prompt.spans)
        self._model = model
        self._number = number
        self._speaker = speaker
        self._prompt = prompt.without_content()
        self._states = states
        self._encode = encode
        self._executor: ProcessPoolExecutor | None = None

    def expect(self, sentence: str, language: str) -> None:
        """See :meth:`Reading.expect`; what the talker has read cannot be taken back."""

    async def say(self, sentence: str, language: str) -> AsyncIterator[Samples]:  # noqa: ARG002
        """See :meth:`Reading.say`; the language is for the model to tell."""
        token_ids = self._encode(sentence)
        if self._executor is None:
            self._executor = self._model.open()
            heard = self._prompt, list(self._states)
            await self._call(native_process.open_answer, self._speaker, *heard)
        async for samples in self._advance(token_ids, is_last=False):
            yield samples

    async def finish(self) -> AsyncIterator[Samples]:
        """See :meth:`Reading.finish`."""
        if self._executor is not None:
            async for samples in self._advance([], is_last=True):
                yield samples

    def close(self) -> None:
        """See :meth:`Reading.close`."""
        executor, self._executor = self._executor, None
        if executor is not None and executor is self._model.executor:
            with suppress(RuntimeError):  # the process has ended, and with it the answer
                executor.submit(native_process.close_answer, self._number)

    async def _advance(self, token_ids: list[int], *, is_last: bool) -> AsyncIterator[Samples]:
        """Speak as far as the tokens reach, a piece in each turn."""
        has_more = True
        while has_more:
            samples, has_more = await self._call(native_process.advance, token_ids, is_last)
            token_ids = []
            if len(samples):
                yield samples

    async def _call(self, work: Any, *arguments: Any) -> Any:
        assert self._executor is not None
        return await self._model.call(self._executor, work, self._number, *arguments)
