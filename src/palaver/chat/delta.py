"""What comes out of a turn: deltas of its choices, and the tokens that it used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from palaver.chat.logprobs import TokenLogprob
from palaver.chat.parser.events import CallArguments, CallBegin

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls"]
CallEvent: TypeAlias = CallBegin | CallArguments


@dataclass(frozen=True, slots=True)
class AudioDelta:
    """What speaking adds to one choice.

    Attributes:
        id: Of the audio, in its first delta.
        transcript: More of what is said, a sentence at a time, before its sound.
        data: More of the file. All deltas but the last have a multiple of six bytes, so that
            samples are whole and that base64 of the parts, joined, is base64 of the file.
        expires_s: Until when the id can be referred to, in the last delta.
    """

    id: str = ""
    transcript: str = ""
    data: bytes = b""
    expires_s: int | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """What one token, or a piece of audio, adds to one choice.

    Attributes:
        choice: Index of the choice.
        content: More of the answer.
        reasoning: More of the thinking, where it is wanted apart.
        calls: Calls that begin, and more of their arguments.
        finish_reason: Set once, in the last delta of the choice.
        logprob: The token's log probability, if they are wanted and the token is one of the text.
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
        """Whether there is nothing to tell."""
        has_text = self.content or self.reasoning or self.calls
        return not (has_text or self.finish_reason or self.logprob or self.audio)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a whole request (spec row S44).

    Attributes:
        prompt_tokens: Tokens of the prompt, those of media included.
        completion_tokens: Tokens generated, and tokens of audio spoken.
        cached_tokens: Prompt tokens that were not computed again.
        reasoning_tokens: Generated tokens of thinking.
        image_tokens: Prompt tokens of images.
        video_tokens: Prompt tokens of video.
        audio_tokens: Prompt tokens of audio.
        spoken_tokens: Tokens of audio spoken.
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
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens
