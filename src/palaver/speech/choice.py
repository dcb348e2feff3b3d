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
from palaver.speech.passage import Passage
from palaver.speech.sentences import SentenceCutter
from palaver.speech.voice import SAMPLE_RATE_HZ, Samples

TOKENS_PER_S = 20
"""An audio token is 50 ms of audio, begun ones counted whole (spec row S44)."""

_SAMPLES_PER_TOKEN = SAMPLE_RATE_HZ // TOKENS_PER_S
_PIECE_BYTES = 24_000
_UNIT_BYTES = 6


@dataclass(frozen=True, slots=True)
class SpokenPiece:
    """What comes next of a spoken choice.

    Attributes:
        transcript: More of what is said, a sentence at a time, before its audio.
        data: More of the file. All pieces but the last have a multiple of six bytes, so that
            samples are whole and that base64 of the pieces, joined, is base64 of the file.
    """

    transcript: str = ""
    data: bytes = b""


class SpokenChoice:
    """Takes the text of a choice in pieces and gives back its audio, sentence by sentence.

    Args:
        narration: Makes the audio of each sentence.
        form: The kind of file.
        is_whole: Whether the file comes in one piece at the end.
        family: How the model writes, if its thinking stands in the answer.

    Attributes:
        id: Of the audio.
        num_samples: Length of the audio so far.
    """

    def __init__(
        self,
        narration: Narration,
        form: AudioFormat,
        *,
        is_whole: bool,
        family: Family | None = None,
    ) -> None:
        self.id = f"audio_{secrets.token_hex(12)}"
        self.num_samples = 0
        self._narration = narration
        self._passage = Passage(family)
        self._cutter = SentenceCutter()
        self._sentences: asyncio.Queue[str | None] = asyncio.Queue()
        self._encoder = encoder_of(form, is_whole=is_whole)
        self._language = DEFAULT_LANGUAGE
        self._unsent = bytearray()

    @property
    def text(self) -> str:
        """The answer so far, without its thinking."""
        return self._passage.answer

    @property
    def num_tokens(self) -> int:
        """Audio tokens so far."""
        return math.ceil(self.num_samples / _SAMPLES_PER_TOKEN)

    def feed(self, text: str) -> None:
        """Take more of the answer."""
        self._put(self._cutter.feed(self._passage.feed(text)))

    def finish(self) -> None:
        """Take notice that the answer has ended."""
        self._put(self._cutter.feed(self._passage.flush()) + self._cutter.flush())
        self._sentences.put_nowait(None)

    async def pieces(self) -> AsyncGenerator[SpokenPiece, None]:
        """The audio as it comes, until it has ended; nothing if there is nothing to read.

        Raises:
            ModelNotAvailable: The voice cannot speak.
        """
        while (sentence := await self._sentences.get()) is not None:
            if sentence.strip():
                self._language = language_of(sentence, self._language)
            yield SpokenPiece(transcript=sentence)
            async with aclosing(self._narration.say(sentence, self._language)) as said:
                async for samples in said:
                    for piece in self._cut(await self._encoded(samples)):
                        yield piece
        async with aclosing(self._narration.finish()) as rest:
            async for samples in rest:
                for piece in self._cut(await self._encoded(samples)):
                    yield piece
        if self.num_samples:
            for piece in self._cut(await asyncio.to_thread(self._encoder.finish), is_last=True):
                yield piece

    def close(self) -> None:
        """Free what is held for it, finished or not."""
        self._narration.close()

    async def _encoded(self, samples: Samples) -> bytes:
        self.num_samples += len(samples)
        if self._encoder.is_quick:
            return self._encoder.feed(samples)
        return await asyncio.to_thread(self._encoder.feed, samples)

    def _cut(self, data: bytes, *, is_last: bool = False) -> list[SpokenPiece]:
        self._unsent += data
        end = len(self._unsent) if is_last else len(self._unsent) // _UNIT_BYTES * _UNIT_BYTES
        ready, self._unsent = bytes(self._unsent[:end]), self._unsent[end:]
        return [
            SpokenPiece(data=ready[begin : begin + _PIECE_BYTES])
            for begin in range(0, end, _PIECE_BYTES)
        ]

    def _put(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self._sentences.put_nowait(sentence)
