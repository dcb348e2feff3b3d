"""The bodies of answers, unary and streamed (spec rows S41 to S44)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls"]


class PromptTokensDetails(msgspec.Struct, frozen=True):
    """Prompt tokens by kind; those of media are there where the prompt has media."""

    cached_tokens: int
    image_tokens: int | UnsetType = UNSET
    video_tokens: int | UnsetType = UNSET
    audio_tokens: int | UnsetType = UNSET


class CompletionTokensDetails(msgspec.Struct, frozen=True):
    """Completion tokens by kind."""

    reasoning_tokens: int
    audio_tokens: int


class UsageBody(msgspec.Struct, frozen=True):
    """Tokens of the whole request."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails


class TopLogprobBody(msgspec.Struct, frozen=True):
    """One of the likeliest tokens at a place; ``bytes`` is empty for a token without text."""

    token: str
    logprob: float
    bytes: list[int]


class TokenLogprobBody(msgspec.Struct, frozen=True):
    """A token of the answer and the likeliest ones at its place."""

    token: str
    logprob: float
    bytes: list[int]
    top_logprobs: list[TopLogprobBody]


class LogprobsBody(msgspec.Struct, frozen=True):
    """Log probabilities of the answer's tokens, in order."""

    content: list[TokenLogprobBody]
    refusal: None = None


class FunctionCallBody(msgspec.Struct, frozen=True):
    """The function that is called, and its arguments as JSON text."""

    name: str
    arguments: str


class ToolCallBody(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call of the answer."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCallBody


class FunctionCallDeltaBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk adds to a function call: its name at first, then pieces of its arguments."""

    name: str | UnsetType = UNSET
    arguments: str


class ToolCallDeltaBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk adds to a tool call; id and type come with its first chunk."""

    index: int
    id: str | UnsetType = UNSET
    type: Literal["function"] | UnsetType = UNSET
    function: FunctionCallDeltaBody


class AudioBody(msgspec.Struct, frozen=True, kw_only=True):
    """The answer in audio (spec row S11); ``data`` is base64."""

    id: str
    data: str
    transcript: str
    expires_at: int


class AudioDeltaBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk adds to the audio: the id at first, the expiry at the end."""

    id: str | UnsetType = UNSET
    transcript: str | UnsetType = UNSET
    data: str | UnsetType = UNSET
    expires_at: int | UnsetType = UNSET


class MessageBody(msgspec.Struct, frozen=True, kw_only=True):
    """The assistant's answer."""

    role: Literal["assistant"] = "assistant"
    content: str | None  # None where there are calls only
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[ToolCallBody] | UnsetType = UNSET
    audio: AudioBody | UnsetType = UNSET


class ChoiceBody(msgspec.Struct, frozen=True, kw_only=True):
    """One choice and why it ended."""

    index: int
    message: MessageBody
    logprobs: LogprobsBody | None = None
    finish_reason: FinishReason


class CompletionBody(msgspec.Struct, frozen=True, kw_only=True):
    """A unary answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChoiceBody]
    usage: UsageBody


class DeltaBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a chunk adds to an answer."""

    role: Literal["assistant"] | UnsetType = UNSET
    content: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: list[ToolCallDeltaBody] | UnsetType = UNSET
    audio: AudioDeltaBody | UnsetType = UNSET


class ChunkChoiceBody(msgspec.Struct, frozen=True, kw_only=True):
    """One choice's part of a chunk."""

    index: int
    delta: DeltaBody
    logprobs: LogprobsBody | None = None
    finish_reason: FinishReason | None = None


class ChunkBody(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream; ``usage`` is there only if the request wants it."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoiceBody]
    usage: UsageBody | UnsetType | None = UNSET


class ErrorDetail(msgspec.Struct, frozen=True):
    """The error as OpenAI's clients read it."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(msgspec.Struct, frozen=True):
    """Every error's body: the hosted service's four fields and OpenAI's object (spec row S04)."""

    code: int
    reason: str
    message: str
    metadata: dict[str, str]
    error: ErrorDetail


class ModelBody(msgspec.Struct, frozen=True, kw_only=True):
    """One model in the list (spec row S46)."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    title: str
    description: str
    context_size: int
    max_output_tokens: int
    input_modalities: list[str]
    output_modalities: list[str]
    voices: list[str]
    features: list[str]
    input_token_price_per_m: int
    output_token_price_per_m: int


class ModelListBody(msgspec.Struct, frozen=True, kw_only=True):
    """The list of models."""

    object: Literal["list"] = "list"
    data: list[ModelBody]


class HealthBody(msgspec.Struct, frozen=True):
    """The server runs."""

    status: Literal["ok"] = "ok"


class ReadyBody(msgspec.Struct, frozen=True):
    """Whether all models can answer, and the state of each."""

    status: Literal["ok", "loading"]
    models: dict[str, Literal["absent", "loading", "ready", "draining", "failed"]]
