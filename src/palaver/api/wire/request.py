"""The body of ``POST /v1/chat/completions``."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from palaver.api.wire.audio import AudioOptions, Modalities
from palaver.api.wire.known import across_fields, conflict, needs, only, optional, unknown_fields
from palaver.api.wire.message import ChatMessage, check_results
from palaver.api.wire.response_format import ResponseFormat
from palaver.api.wire.tools import MAX_TOOLS, Tool, ToolChoice, check_tools
from palaver.media.reference import MediaReference

_MAX_STOPS = 4
_TOKEN_ID = re.compile(r"^(0|[1-9][0-9]{0,17})$")


class StreamOptions(BaseModel):
    """Options of a stream."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    include_usage: bool | None = optional(
        False, "Whether a last chunk has the usage of the whole request."
    )


def _as_list(value: Any) -> Any:
    if value is not None and not isinstance(value, str | list):
        raise PydanticCustomError("stop_type", "must be a string or an array of strings")
    return [value] if isinstance(value, str) else value


def _token_ids(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if bad := next((key for key in value if not _TOKEN_ID.fullmatch(key)), None):
        raise PydanticCustomError("token_id", "has the key {key}, not a token id", {"key": bad})
    return {int(key): bias for key, bias in value.items()}


_BIASES_SCHEMA = {
    "anyOf": [
        {
            "type": "object",
            "propertyNames": {"pattern": _TOKEN_ID.pattern},
            "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100},
        },
        {"type": "null"},
    ]
}

Bias: TypeAlias = Annotated[float, Field(ge=-100, le=100)]
Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
StopString: TypeAlias = Annotated[str, Field(min_length=1)]
Stop: TypeAlias = StopString | Annotated[list[StopString], Field(max_length=_MAX_STOPS)] | None


def _conflict_of_effort(effort: dict[str, Any], *, is_thinking: bool) -> dict[str, Any]:
    """A schema: these efforts contradict this value of ``enable_thinking``."""
    fields = {"reasoning_effort": effort, "enable_thinking": {"const": is_thinking}}
    return {"not": {"required": list(fields), "properties": fields}}


class ChatCompletionRequest(BaseModel):
    """A request for one turn of a conversation; ``null`` means the default in every field."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="allow",
        allow_inf_nan=False,
        json_schema_extra={
            "allOf": [
                needs("stream_options", "stream"),
                needs("top_logprobs", "logprobs"),
                _conflict_of_effort({"enum": list(get_args(Effort))[1:]}, is_thinking=False),
                _conflict_of_effort({"const": "none"}, is_thinking=True),
            ]
        },
    )

    model: str = Field(description="A name from `GET /v1/models`.")
    messages: list[ChatMessage] = Field(
        min_length=1, fail_fast=True, description="The conversation so far."
    )

    max_tokens: int | None = optional(
        None, "Most tokens of each answer; by default, what is left of the window.", ge=1
    )
    max_completion_tokens: int | None = optional(
        None, "Another name of `max_tokens`; if both are given, they must agree.", ge=1
    )
    context_length_exceeded_behavior: Literal["truncate", "error"] | None = optional(
        "truncate",
        "Whether a `max_tokens` that does not fit the window is reduced or refused with a 400. "
        "A prompt that alone fills the window is refused in any case.",
    )
    stream: bool | None = optional(
        False, "Whether the answer comes as server-sent events, ended by `data: [DONE]`."
    )
    stream_options: StreamOptions | None = optional(
        None, "Options of the stream; needs `stream` to be true."
    )
    n: int | None = optional(1, "Number of choices; the prompt is computed once.", ge=1, le=128)
    seed: int | None = optional(
        None,
        "The same request with the same seed gives the same answer; by default, it is random.",
        ge=-(2**63),
        lt=2**64,
    )
    stop: Annotated[
        Annotated[list[StopString], Field(max_length=_MAX_STOPS)] | None,
        BeforeValidator(_as_list, json_schema_input_type=Stop),
    ] = optional(None, "One or several strings that end an answer; the text ends with the match.")

    temperature: float | None = optional(1, "Sampling temperature; 0 is greedy.", ge=0, le=2)
    top_p: float | None = optional(
        1, "Sample from the likeliest tokens with this probability mass.", gt=0, le=1
    )
    top_k: int | None = optional(
        0, "Sample from this many of the likeliest tokens; -1 and 0 mean all.", ge=-1, le=128
    )
    min_p: float | None = optional(
        0, "Leave out tokens less likely than this fraction of the likeliest.", ge=0, le=1
    )
    presence_penalty: float | None = optional(
        0, "Subtracted from the logits of tokens that the answer has already.", ge=-2, le=2
    )
    frequency_penalty: float | None = optional(
        0, "Subtracted once for each time that the answer has the token.", ge=-2, le=2
    )
    repetition_penalty: float | None = optional(
        1, "Divides positive logits of tokens in prompt or answer, multiplies others.", gt=0, le=2
    )
    logit_bias: Annotated[
        dict[int, Bias] | None, BeforeValidator(_token_ids), WithJsonSchema(_BIASES_SCHEMA)
    ] = optional(
        None,
        "Added to the logits of tokens, by their ids; 100 leaves only such tokens, -100 forbids.",
    )

    logprobs: bool | None = optional(
        False,
        "Whether to return each token's log probability, in the model's own distribution before "
        "any sampling parameter.",
    )
    top_logprobs: int | None = optional(
        0, "Number of likeliest tokens at each place; needs `logprobs` to be true.", ge=0, le=20
    )

    response_format: ResponseFormat | None = optional(
        None, "The format of the answer, after any thinking; see structured-output.md."
    )

    enable_thinking: bool | None = optional(
        False, "Whether the model thinks first, if its template supports it."
    )
    separate_reasoning: bool | None = optional(
        False, "Whether thinking is returned as `reasoning_content`, or in tags in `content`."
    )

    reasoning_effort: Effort | None = optional(
        None,
        "`none` means `enable_thinking` false, all others true; what else they change is up to the "
        "model's template.",
    )
    tools: Annotated[list[Tool], Field(max_length=MAX_TOOLS, fail_fast=True)] | None = optional(
        None, "Functions that the model may call; see tools.md."
    )
    tool_choice: ToolChoice | None = optional(
        "auto",
        "Whether the model must not, may or must call a tool, or the tool that it must call.",
    )
    parallel_tool_calls: bool | None = optional(True, "Whether an answer may have several calls.")

    modalities: Modalities = optional(
        ["text"],
        "Whether the answer comes in audio as well. It may also be in a message or a part of its "
        "content; then the last one counts.",
    )
    audio: AudioOptions | None = optional(
        None, "Voice and format of the audio; needs `modalities` with `audio`."
    )

    user: str | None = optional(None, "Ignored; for the client's own use.")
    metadata: dict[str, str] | None = optional(None, "Ignored; for the client's own use.")

    functions: Annotated[Any, only()] = None
    function_call: Annotated[Any, only()] = None
    prediction: Annotated[Any, only()] = None
    web_search_options: Annotated[Any, only()] = None
    verbosity: Annotated[Any, only("medium")] = None
    service_tier: Annotated[Any, only("auto", "default")] = None
    store: Annotated[Any, only(False)] = None

    @field_validator(
        *("max_tokens", "max_completion_tokens", "n", "seed", "top_k", "top_logprobs"),
        mode="before",
    )
    @classmethod
    def _is_integer(cls, value: Any) -> Any:
        """In JSON, 1.0 is an integer."""
        return int(value) if isinstance(value, float) and value.is_integer() else value

    @model_validator(mode="after")
    def _is_consistent(self) -> ChatCompletionRequest:
        if self.stream_options is not None and not self.stream:
            raise conflict("stream_options", "stream_options needs stream to be true")
        if self.top_logprobs is not None and not self.logprobs:
            raise conflict("top_logprobs", "top_logprobs needs logprobs to be true")
        check_tools(self.tools or (), self.tool_choice)
        check_results(self.messages)
        lengths = {self.max_tokens, self.max_completion_tokens} - {None}
        if len(lengths) > 1:
            raise across_fields(
                "max_tokens", "max_tokens and max_completion_tokens are one field; they differ here"
            )
        nested = self._nested_modalities
        if self.modalities and nested and set(self.modalities) != set(nested):
            raise across_fields(
                "modalities",
                "modalities and those within messages are one field; they differ here",
            )
        if self.audio and not self.is_spoken:
            raise across_fields("audio", 'audio needs modalities to be ["text", "audio"]')
        return self

    @model_validator(mode="after")
    def _thinking_fields_agree(self) -> ChatCompletionRequest:
        if None in (self.enable_thinking, self.reasoning_effort):
            return self
        if self.enable_thinking != (self.reasoning_effort != "none"):
            raise conflict(
                "reasoning_effort",
                "reasoning_effort says whether to think, and enable_thinking says otherwise",
            )
        return self

    @property
    def is_thinking_wanted(self) -> bool:
        """Whether the model is to think, by either of the two fields."""
        if self.reasoning_effort is not None:
            return self.reasoning_effort != "none"
        return bool(self.enable_thinking)

    @property
    def is_spoken(self) -> bool:
        """Whether the answer is to come in audio as well (spec row S11)."""
        return "audio" in (self.modalities or self._nested_modalities or ())

    @property
    def _nested_modalities(self) -> list[Literal["text", "audio"]] | None:
        """The modalities of the last message that has the field."""
        for message in reversed(self.messages):
            parts = message.content if isinstance(message.content, list) else []
            named = [message.modalities, *(part.modalities for part in parts)]
            if found := next((modalities for modalities in reversed(named) if modalities), None):
                return found
        return None

    @property
    def unknown_fields(self) -> list[str]:
        """Paths of the unknown fields (spec row S40)."""
        return sorted(unknown_fields(self))

    @property
    def media(self) -> list[MediaReference]:
        """The images, videos and audio clips that the messages refer to, in order.

        Raises:
            InvalidRequest: A message has media that must not have any.
        """
        messages = enumerate(self.messages)
        return [r for i, message in messages for r in message.references(f"messages[{i}]")]
