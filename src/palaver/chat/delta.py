"""The output of a turn: deltas of its choices, and its usage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from palaver.chat.logprobs import TokenLogprob
from palaver.chat.parser.events import CallArguments, CallBegin

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls"]
CallEvent: TypeAlias = CallBegin | CallArguments


@dataclass(frozen=True, slots=True)
class AudioDelta:
    """More of one choice's audio.

    Attributes:
        id: Id of the audio, in its first delta.
        transcript: More of the spoken text, a sentence at a time, before its audio.
        data: More of the audio file. All deltas but the last have a multiple of six bytes, so that
            samples are whole and that base64 of the parts, joined, is base64 of the file.
        expires_s: When the id expires, in Unix seconds; in the last delta.
    """

    id: str = ""
    transcript: str = ""
    data: bytes = b""
    expires_s: int | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """What one token, or some audio, adds to one choice.

    Attributes:
        choice: Index of the choice.
        content: More of the answer.
        reasoning: More of the thinking, if it is wanted separately.
        calls: Calls that begin, and more of their arguments.
        finish_reason: Set once, in the last delta of the choice.
        logprob: The token's log probability, if it is wanted and the token is text.
        audio: More of the answer's audio.
    """

    choice: int
    content: str = ""
    reasoning: str = ""
    calls: tuple[CallEvent, ...] = ()
    finish_reason: FinishReason | None = None
    logprob: TokenLogprob | None = None
    audio: AudioDelta | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it adds nothing."""
        has_text = self.content or self.reasoning or self.calls
        return not (has_text or self.finish_reason or self.logprob or self.audio)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a whole request (spec row S44).

    Attributes:
        prompt_tokens: Tokens of the prompt, those of media included.
        completion_tokens: Tokens generated, and tokens of spoken audio.
        cached_tokens: Prompt tokens that were not computed again.
        reasoning_tokens: Generated tokens of thinking.
        image_tokens: Prompt tokens of images.
        video_tokens: Prompt tokens of video.
        audio_tokens: Prompt tokens of audio.
        spoken_tokens: Tokens of spoken audio.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    image_tokens: int = 0
    video_tokens: int = 0
    audio_tokens: int = 0
    spoken_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens
