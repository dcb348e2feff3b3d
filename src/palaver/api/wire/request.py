"""The body of ``POST /v1/chat/completions``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from palaver.api.wire.known import only, unknown_fields
from palaver.api.wire.message import ChatMessage
from palaver.chat.request import ChatRequest

_MAX_STOPS = 4


class StreamOptions(BaseModel):
    """Options of a stream."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    include_usage: bool | None = Field(
        default=None, description="Send one more chunk with the usage of the whole request."
    )


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _token_ids(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if bad := next((key for key in value if not (isinstance(key, str) and key.isdecimal())), None):
        raise PydanticCustomError("token_id", "has the key {key}, not a token id", {"key": bad})
    return {int(key): bias for key, bias in value.items()}


Bias: TypeAlias = Annotated[float, Field(ge=-100, le=100)]
StopString: TypeAlias = Annotated[str, Field(min_length=1)]


class ChatCompletionRequest(BaseModel):
    """A request for one turn of a conversation; ``null`` means the default in every field."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", allow_inf_nan=False)

    model: str
    messages: list[ChatMessage] = Field(min_length=1)

    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    context_length_exceeded_behavior: Literal["truncate", "error"] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = Field(default=None, ge=1, le=128)
    seed: int | None = Field(default=None, ge=-(2**63), lt=2**64)
    stop: Annotated[
        Annotated[list[StopString], Field(max_length=_MAX_STOPS)] | None, BeforeValidator(_as_list)
    ] = None

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=-1, le=128)
    min_p: float | None = Field(default=None, ge=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    repetition_penalty: float | None = Field(default=None, gt=0, le=2)
    logit_bias: Annotated[dict[int, Bias] | None, BeforeValidator(_token_ids)] = None

    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)

    enable_thinking: bool | None = None
    separate_reasoning: bool | None = None

    user: str | None = None
    metadata: dict[str, str] | None = None

    tools: Annotated[Any, only([])] = None
    tool_choice: Annotated[Any, only("none", "auto")] = None
    parallel_tool_calls: Annotated[Any, only(True, False)] = None
    functions: Annotated[Any, only()] = None
    function_call: Annotated[Any, only()] = None
    response_format: Annotated[Any, only({"type": "text"})] = None
    modalities: Annotated[Any, only(["text"])] = None
    audio: Annotated[Any, only()] = None
    prediction: Annotated[Any, only()] = None
    web_search_options: Annotated[Any, only()] = None
    reasoning_effort: Annotated[Any, only("none")] = None
    verbosity: Annotated[Any, only("medium")] = None
    service_tier: Annotated[Any, only("auto", "default")] = None
    store: Annotated[Any, only(False)] = None

    @model_validator(mode="after")
    def _is_consistent(self) -> ChatCompletionRequest:
        if self.stream_options is not None and not self.stream:
            raise PydanticCustomError("stream_options", "stream_options needs stream to be true")
        if self.top_logprobs is not None and not self.logprobs:
            raise PydanticCustomError("top_logprobs", "top_logprobs needs logprobs to be true")
        lengths = {self.max_tokens, self.max_completion_tokens} - {None}
        if len(lengths) > 1:
            raise PydanticCustomError(
                "max_tokens", "max_tokens and max_completion_tokens are one field; they differ here"
            )
        return self

    @property
    def unknown_fields(self) -> list[str]:
        """Paths of the fields that nobody knows (spec row S40)."""
        return sorted(unknown_fields(self))

    def to_chat(self) -> ChatRequest:
        """The request in the chat layer's terms, defaults filled in."""
        return ChatRequest(
            messages=[message.for_template() for message in self.messages],
            max_tokens=self.max_tokens or self.max_completion_tokens,
            context_length_exceeded_behavior=self.context_length_exceeded_behavior or "truncate",
            num_choices=self.n or 1,
            stop=self.stop or (),
            enable_thinking=bool(self.enable_thinking),
            separate_reasoning=bool(self.separate_reasoning),
            seed=self.seed,
            temperature=_default(self.temperature, 1.0),
            top_p=_default(self.top_p, 1.0),
            top_k=max(self.top_k or 0, 0),
            min_p=_default(self.min_p, 0.0),
            presence_penalty=_default(self.presence_penalty, 0.0),
            frequency_penalty=_default(self.frequency_penalty, 0.0),
            repetition_penalty=_default(self.repetition_penalty, 1.0),
            logit_bias=self.logit_bias or {},
            num_top_logprobs=(self.top_logprobs or 0) if self.logprobs else None,
        )


def _default(value: float | None, default: float) -> float:
    return default if value is None else value
