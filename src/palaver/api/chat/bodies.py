"""A completion as response bodies: as one JSON object, and as the chunks of a stream."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from palaver.api.chat.completion import Completion
from palaver.api.chat.tool_calls import call_bodies, call_deltas
from palaver.api.wire.response import (
    AudioBody,
    AudioDeltaBody,
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
from palaver.chat.delta import AudioDelta, CallEvent, Delta, FinishReason, Usage
from palaver.chat.logprobs import TokenLogprob


async def completion_body(completion: Completion) -> CompletionBody:
    """The body of a unary answer, once the completion, which must be entered, has finished.

    Raises:
        ModelNotAvailable: The backend died, or the voice cannot speak.
    """
    choices = [_Choice() for _ in range(completion.num_choices)]
    async for deltas in completion.deltas():
        for delta in deltas:
            choices[delta.choice].add(delta)
    request = completion.request
    return CompletionBody(
        id=completion.id,
        created=completion.created_s,
        model=completion.model_name,
        choices=[
            choice.body(
                i,
                is_separate=request.separate_reasoning,
                has_logprobs=request.num_top_logprobs is not None,
            )
            for i, choice in enumerate(choices)
        ],
        usage=usage_body(completion.usage()),
    )


def usage_body(usage: Usage) -> UsageBody:
    """The tokens of a request (spec row S44)."""
    return UsageBody(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        prompt_tokens_details=PromptTokensDetails(
            usage.cached_tokens,
            image_tokens=usage.image_tokens or UNSET,
            video_tokens=usage.video_tokens or UNSET,
            audio_tokens=usage.audio_tokens or UNSET,
        ),
        completion_tokens_details=CompletionTokensDetails(
            usage.reasoning_tokens, usage.spoken_tokens
        ),
    )


def chunk_body(
    completion: Completion, choices: list[ChunkChoiceBody], usage: UsageBody | UnsetType | None
) -> ChunkBody:
    """One chunk; all chunks of a stream share id, time and model."""
    return ChunkBody(
        id=completion.id,
        created=completion.created_s,
        model=completion.model_name,
        choices=choices,
        usage=usage,
    )


def first_choice(choice: int) -> ChunkChoiceBody:
    """The first chunk of a choice, which carries the role."""
    return ChunkChoiceBody(index=choice, delta=DeltaBody(role="assistant", content=""))


def delta_choice(delta: Delta) -> ChunkChoiceBody:
    """A delta as part of a chunk."""
    body = DeltaBody(
        content=delta.content or UNSET,
        reasoning_content=delta.reasoning or UNSET,
        audio=_audio_delta_body(delta.audio) if delta.audio else UNSET,
        tool_calls=call_deltas(delta.calls) or UNSET,
    )
    return ChunkChoiceBody(
        index=delta.choice,
        delta=body,
        logprobs=LogprobsBody([_logprob_body(delta.logprob)]) if delta.logprob else None,
        finish_reason=delta.finish_reason,
    )


@dataclass(slots=True)
class _Choice:
    """Collects the deltas of one choice."""

    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    calls: list[CallEvent] = field(default_factory=list)
    logprobs: list[TokenLogprobBody] = field(default_factory=list)
    audio: list[AudioDelta] = field(default_factory=list)
    finish_reason: FinishReason = "length"

    def add(self, delta: Delta) -> None:
        self.content.append(delta.content)
        self.reasoning.append(delta.reasoning)
        self.calls += delta.calls
        self.finish_reason = delta.finish_reason or self.finish_reason
        if delta.audio:
            self.audio.append(delta.audio)
        if delta.logprob:
            self.logprobs.append(_logprob_body(delta.logprob))

    def body(self, index: int, *, is_separate: bool, has_logprobs: bool) -> ChoiceBody:
        content = "".join(self.content)
        message = MessageBody(
            content=content if content or not self.calls else None,
            tool_calls=call_bodies(self.calls) or UNSET,
            reasoning_content="".join(self.reasoning) if is_separate else UNSET,
            audio=_audio_body(self.audio) if self.audio else UNSET,
        )
        return ChoiceBody(
            index=index,
            message=message,
            logprobs=LogprobsBody(self.logprobs) if has_logprobs else None,
            finish_reason=self.finish_reason,
        )


def _audio_body(deltas: list[AudioDelta]) -> AudioBody:
    return AudioBody(
        id=next((delta.id for delta in deltas if delta.id), ""),
        data=_base64(b"".join(delta.data for delta in deltas)),
        transcript="".join(delta.transcript for delta in deltas),
        expires_at=next((delta.expires_s for delta in reversed(deltas) if delta.expires_s), 0),
    )


def _audio_delta_body(delta: AudioDelta) -> AudioDeltaBody:
    return AudioDeltaBody(
        id=delta.id or UNSET,
        transcript=delta.transcript or UNSET,
        data=_base64(delta.data) if delta.data else UNSET,
        expires_at=UNSET if delta.expires_s is None else delta.expires_s,
    )


def _logprob_body(entry: TokenLogprob) -> TokenLogprobBody:
    top = [TopLogprobBody(t.token, t.logprob, list(t.bytes)) for t in entry.top]
    return TokenLogprobBody(entry.token, entry.logprob, list(entry.bytes), top)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
