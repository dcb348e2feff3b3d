"""A client's request for one turn: complete, checked, and in the chat layer's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from palaver.chat.tools.tool import Tool
from palaver.generation.request import Sampling
from palaver.multimodal.placement import MediaItem

Message: TypeAlias = Mapping[str, Any]
"""A chat message of plain values, as chat templates read it."""

AudioFormat: TypeAlias = Literal["wav", "mp3", "flac", "opus", "pcm16"]
AUDIO_FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)


@dataclass(frozen=True, slots=True)
class AudioRequest:
    """How an answer is spoken (spec row S11).

    Attributes:
        voice: The voice's name; ``None`` for the server's default.
        format: The file format.
        is_streamed: Whether the audio is sent in chunks while it is made.
    """

    voice: str | None
    format: AudioFormat
    is_streamed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One turn of a conversation.

    Attributes:
        messages: The conversation so far, at least one message.
        tools: Functions that the model may call.
        tool_choice: Whether the model must not, may or must call a tool.
        chosen_tool: The one that must be called; ``tool_choice`` is ``"required"`` then.
        parallel_tool_calls: Whether it may make several calls at once.
        media: Images, videos and audio clips that the messages refer to, in order.
        max_tokens: Most tokens to generate; ``None`` means what is left of the window.
        context_length_exceeded_behavior: Whether a ``max_tokens`` past the window is reduced or an
            error (spec row S15).
        num_choices: Number of answers.
        stop: Strings that end an answer, included in it.
        enable_thinking: Whether the template switches thinking on.
        reasoning_effort: How much to think, for templates that support it.
        separate_reasoning: Whether thinking is separate from the content.
        answer_schema: A checked schema that the answer has to match as JSON; ``None`` allows
            any text (spec rows S34 and S35).
        answer_schema_path: Path of that schema in the request.
        seed: ``None`` means a random one.
        sampling: How tokens are sampled.
        num_top_logprobs: Number of likeliest tokens to return with each token; ``None`` returns no
            log probabilities.
        audio: How the answer is spoken; ``None`` for text alone.
        account: Id of the API key that the request came with.
    """

    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    tool_choice: Literal["none", "auto", "required"] = "auto"
    chosen_tool: str | None = None
    parallel_tool_calls: bool = True
    media: Sequence[MediaItem] = ()
    max_tokens: int | None = None
    context_length_exceeded_behavior: Literal["truncate", "error"] = "truncate"
    num_choices: int = 1
    stop: Sequence[str] = ()
    enable_thinking: bool = False
    reasoning_effort: str | None = None
    separate_reasoning: bool = False
    answer_schema: Mapping[str, Any] | None = None
    answer_schema_path: str = "response_format"
    seed: int | None = None
    sampling: Sampling = field(default_factory=Sampling)
    num_top_logprobs: int | None = None
    audio: AudioRequest | None = None
    account: str = ""

    @property
    def num_characters(self) -> int:
        """Length of the messages' text."""
        texts = (message.get("content") for message in self.messages)
        return sum(
            len(text) if isinstance(text, str) else sum(len(part.get("text", "")) for part in text)
            for text in texts
            if text
        )

    @property
    def callable_tools(self) -> Sequence[Tool]:
        """The tools that the answer may call."""
        if self.tool_choice == "none":
            return ()
        return [tool for tool in self.tools if self.chosen_tool in (None, tool.name)]
