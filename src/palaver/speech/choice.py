"""One choice of a completion, spoken while it is being written."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from palaver.chat.families.description import Family
from palaver.chat.request import AudioFormat
from palaver.speech.encode import encoder_of
from palaver.speech.language import DEFAULT_LANGUAGE, language_of
from palaver.speech.narration import Narration
from palaver.speech.sentences import SentenceSplitter
from palaver.speech.spoken_text import SpokenText
from palaver.speech.voice import SAMPLE_RATE_HZ, Samples

TOKENS_PER_S = 20
"""An audio token is 50 ms of audio, rounded up (spec row S44)."""

_SAMPLES_PER_TOKEN = SAMPLE_RATE_HZ // TOKENS_PER_S
_CHUNK_BYTES = 24_000
_UNIT_BYTES = 6


@dataclass(frozen=True, slots=True)
class SpokenChunk:
    """The next part of a spoken choice.

    Attributes:
        transcript: The next sentence; comes before its audio.
        data: The next bytes of the file. All chunks but the last have a multiple of six bytes, so
            that samples are whole and that base64 of the chunks, joined, is base64 of the file.
    """

    transcript: str = ""
    data: bytes = b""


class SpokenChoice:
    """Takes the text of a choice as it is written and returns its audio, sentence by sentence.

    Args:
        narration: Makes the audio of each sentence.
        audio_format: The format of the file.
        is_whole: Whether the whole file comes at the end.
        family: The model's family, if the text contains its thinking.

    Attributes:
        id: The id of the audio.
        num_samples: Length of the audio so far.
    """

    def __init__(
        self,
        narration: Narration,
        audio_format: AudioFormat,
        *,
        is_whole: bool,
        family: Family | None = None,
    ) -> None:
        self.id = f"audio_{secrets.token_hex(12)}"
        self.num_samples = 0
        self._narration = narration
        self._spoken_text = SpokenText(family)
        self._splitter = SentenceSplitter()
        self._sentences: asyncio.Queue[str | None] = asyncio.Queue()
        self._encoder = encoder_of(audio_format, is_whole=is_whole)
        self._language = DEFAULT_LANGUAGE
        self._unsent = bytearray()

    @property
    def text(self) -> str:
        """The answer so far, without its thinking."""
        return self._spoken_text.answer

    @property
    def num_tokens(self) -> int:
        """Audio tokens so far."""
        return math.ceil(self.num_samples / _SAMPLES_PER_TOKEN)

    def feed(self, text: str) -> None:
        """Take more of the answer."""
        self._put(self._splitter.feed(self._spoken_text.feed(text)))

    def finish(self) -> None:
        """Mark the answer as complete."""
        self._put(self._splitter.feed(self._spoken_text.flush()) + self._splitter.flush())
        self._sentences.put_nowait(None)

    async def chunks(self) -> AsyncGenerator[SpokenChunk, None]:
        """The audio as it is made, to its end; nothing if nothing is spoken.

        Raises:
            ModelNotAvailable: The voice cannot speak.
        """
        while (sentence := await self._sentences.get()) is not None:
            if sentence.strip():
                self._language = language_of(sentence, self._language)
            yield SpokenChunk(transcript=sentence)
            async with aclosing(self._narration.say(sentence, self._language)) as said:
                async for samples in said:
                    for chunk in self._cut(await self._encoded(samples)):
                        yield chunk
        async with aclosing(self._narration.finish()) as rest:
            async for samples in rest:
                for chunk in self._cut(await self._encoded(samples)):
                    yield chunk
        if self.num_samples:
            for chunk in self._cut(await asyncio.to_thread(self._encoder.finish), is_last=True):
                yield chunk

    def close(self) -> None:
        """Free what is held for it, finished or not."""
        self._narration.close()

    async def _encoded(self, samples: Samples) -> bytes:
        self.num_samples += len(samples)
        if self._encoder.is_quick:
            return self._encoder.feed(samples)
        return await asyncio.to_thread(self._encoder.feed, samples)

    def _cut(self, data: bytes, *, is_last: bool = False) -> list[SpokenChunk]:
        self._unsent += data
        end = len(self._unsent) if is_last else len(self._unsent) // _UNIT_BYTES * _UNIT_BYTES
        ready, self._unsent = bytes(self._unsent[:end]), self._unsent[end:]
        return [
            SpokenChunk(data=ready[begin : begin + _CHUNK_BYTES])
            for begin in range(0, end, _CHUNK_BYTES)
        ]

    def _put(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self._sentences.put_nowait(sentence)
