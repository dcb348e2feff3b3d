"""One chat completion: a turn and its generation, read whole or as a stream."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from palaver.api.spoken import SpokenAnswer, delta_body
from palaver.api.tool_calls import call_bodies, call_deltas
from palaver.api.wire.response import (
    ChoiceBody,
    ChunkBody,
    ChunkChoiceBody,
    CompletionBody,
    CompletionTokensDetails,
    DeltaBody,
    LogprobsBody,
    MessageBody,
    PromptTokensDetails,
    TokenLogprobBody,
    TopLogprobBody,
    UsageBody,
)
from palaver.chat.logprobs import TokenLogprob
from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.chat.turn import CallEvent, Delta, FinishReason, Turn
from palaver.errors import InternalError
from palaver.models.served import ServedModel
from palaver.speech.session import SpeechSession, SpokenDelta

_LONG_CHARACTERS = 10_000
"""More take milliseconds to be cut into tokens."""


async def begin_turn(request: ChatRequest, model: ChatModel) -> Turn:
    """The turn of a request; a long conversation is read in a thread, so that nobody else waits.

    Raises:
        InvalidRequest: The model cannot answer such a request.
    """
    if request.num_characters < _LONG_CHARACTERS:
        return Turn(request, model)
    return await asyncio.to_thread(Turn, request, model)


class Completion:
    """The answer to one request; close it in every case.

    Args:
        request: What the client wants.
        turn: The turn that this is, of :func:`begin_turn`.
        model: Who answers.
        on_first_token: Called when it comes.
        speech: Who speaks it, if it is to be spoken.

    Raises:
        ModelNotAvailable: The model cannot answer now.
    """

    def __init__(
        self,
        request: ChatRequest,
        turn: Turn,
        model: ServedModel,
        on_first_token: Callable[[], None] = lambda: None,
        speech: SpeechSession | None = None,
    ) -> None:
        self._on_first_token = on_first_token
        self._speech = speech
        self.id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created_s = int(time.time())
        self._model_name = model.name
        self._is_separate = request.separate_reasoning
        self._has_logprobs = request.num_top_logprobs is not None
        self._turn = turn
        wants_hidden_states = speech is not None and speech.begin(turn.prompt)
        self._states: list[NDArray[np.float32]] = []
        self._generation = model.engine.generate(
            self._turn.prompt,
            self._turn.params,
            self._turn.num_choices,
            self._states if wants_hidden_states else None,
        )
        self._open = ExitStack()
        self._open.callback(self._generation.close)
        if speech:
            self._open.callback(speech.close)

    @property
    def num_choices(self) -> int:
        """Answers that were asked for."""
        return self._turn.num_choices

    def close(self) -> None:
        """Stop generating and speaking, if that is still going on, and free the memory."""
        self._open.close()

    def deltas(self) -> AsyncIterator[list[Delta]]:
        """What each arrival of tokens or sound adds, possibly nothing, until all choices ended.

        Raises:
            ModelNotAvailable: The engine died, or the voice cannot speak.
        """
        written = self._written()
        return self._speech.accompany(written) if self._speech else written

    async def _written(self) -> AsyncGenerator[list[Delta], None]:
        is_begun = False
        while not self._turn.is_finished:
            deltas = []
            tokens = await self._generation.next_tokens()
            if not tokens:
                raise InternalError("the engine ended an answer without saying why")
            if not is_begun:
                is_begun = True
                if self._speech and self._states:
                    self._speech.hear(self._states)
                self._on_first_token()
            for token in tokens:
                delta = self._turn.feed(token)
                if delta.finish_reason and not token.finish:
                    self._generation.cancel(token.choice)
                if not delta.is_empty:
                    deltas.append(delta)
            yield deltas

    async def whole(self) -> CompletionBody:
        """The finished answer.

        Raises:
            ModelNotAvailable: The engine died.
        """
        answers = [_Answer() for _ in range(self.num_choices)]
        async for deltas in self.deltas():
            for delta in deltas:
                answers[delta.choice].add(delta)
        return CompletionBody(
            id=self.id,
            created=self._created_s,
            model=self._model_name,
            choices=[
                answer.body(i, is_separate=self._is_separate, has_logprobs=self._has_logprobs)
                for i, answer in enumerate(answers)
            ],
            usage=self.usage(),
        )

    def usage(self) -> UsageBody:
        """The tokens used so far."""
        usage = self._turn.usage()
        audio_tokens = self._speech.num_tokens if self._speech else 0
        return UsageBody(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens + audio_tokens,
            total_tokens=usage.total_tokens + audio_tokens,
            prompt_tokens_details=PromptTokensDetails(
                usage.cached_tokens,
                image_tokens=usage.image_tokens or UNSET,
                video_tokens=usage.video_tokens or UNSET,
                audio_tokens=usage.audio_tokens or UNSET,
            ),
            completion_tokens_details=CompletionTokensDetails(usage.reasoning_tokens, audio_tokens),
        )

    def first_chunk(self, choice: int) -> list[ChunkChoiceBody]:
        """The beginning of a choice's stream, which carries the role."""
        return [ChunkChoiceBody(index=choice, delta=DeltaBody(role="assistant", content=""))]

    def chunk_of(self, delta: Delta) -> list[ChunkChoiceBody]:
        """A delta as part of a stream."""
        body = DeltaBody(
            content=delta.content or UNSET,
            reasoning_content=delta.reasoning or UNSET,
            audio=delta_body(delta) if isinstance(delta, SpokenDelta) else UNSET,
            tool_calls=call_deltas(delta.calls) or UNSET,
        )
        return [
            ChunkChoiceBody(
                index=delta.choice,
                delta=body,
                logprobs=LogprobsBody([_logprob_body(delta.logprob)]) if delta.logprob else None,
                finish_reason=delta.finish_reason,
            )
        ]

    def chunk(
        self, choices: list[ChunkChoiceBody], usage: UsageBody | UnsetType | None
    ) -> ChunkBody:
        """One event; all chunks of a stream share id, time and model."""
        return ChunkBody(
            id=self.id,
            created=self._created_s,
            model=self._model_name,
            choices=choices,
            usage=usage,
        )


@dataclass(slots=True)
class _Answer:
    """One choice as it is put together."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[CallEvent] = field(default_factory=list)
    logprobs: list[TokenLogprobBody] = field(default_factory=list)
    spoken: SpokenAnswer = field(default_factory=SpokenAnswer)
    finish_reason: FinishReason = "length"

    def add(self, delta: Delta) -> None:
        self.content.append(delta.content)
        self.reasoning.append(delta.reasoning)
        self.calls += delta.calls
        self.finish_reason = delta.finish_reason or self.finish_reason
        if isinstance(delta, SpokenDelta):
            self.spoken.add(delta)
        if delta.logprob:
            self.logprobs.append(_logprob_body(delta.logprob))

    def body(self, index: int, *, is_separate: bool, has_logprobs: bool) -> ChoiceBody:
        content = "".join(self.content)
        message = MessageBody(
            content=content if content or not self.calls else None,
            tool_calls=call_bodies(self.calls) or UNSET,
            reasoning_content="".join(self.reasoning) if is_separate else UNSET,
            audio=self.spoken.body if self.spoken.id else UNSET,
        )
        return ChoiceBody(
            index=index,
            message=message,
            logprobs=LogprobsBody(self.logprobs) if has_logprobs else None,
            finish_reason=self.finish_reason,
        )


def _logprob_body(entry: TokenLogprob) -> TokenLogprobBody:
    top = [TopLogprobBody(t.token, t.logprob, list(t.bytes)) for t in entry.top]
    return TokenLogprobBody(entry.token, entry.logprob, list(entry.bytes), top)
