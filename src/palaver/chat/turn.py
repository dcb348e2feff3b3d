"""One turn: a request prepared for the backend, and the processing of its tokens."""

from __future__ import annotations

from palaver.chat.answer import AnswerProcessor
from palaver.chat.delta import Delta, Usage
from palaver.chat.model import ChatModel
from palaver.chat.prepare import prepare
from palaver.chat.request import ChatRequest
from palaver.generation.output import TokenOutput


class Turn:
    """A prepared request, and the processors of its choices.

    Args:
        request: The client's request.
        model: The model that answers.

    Raises:
        InvalidRequest: The conversation does not suit the model or its window.

    Attributes:
        prepared: The request as the backend gets it.
    """

    def __init__(self, request: ChatRequest, model: ChatModel) -> None:
        self.prepared = prepare(request, model)
        self._readers = [
            AnswerProcessor(i, request, model, self.prepared) for i in range(request.num_choices)
        ]

    @property
    def is_finished(self) -> bool:
        """Whether every choice has ended."""
        return all(reader.is_finished for reader in self._readers)

    def feed(self, token: TokenOutput) -> Delta:
        """The delta of a token; tokens after the end of their choice add nothing."""
        return self._readers[token.choice].feed(token)

    def usage(self, num_cached_tokens: int, num_spoken_tokens: int = 0) -> Usage:
        """The tokens used so far, over all choices.

        Args:
            num_cached_tokens: Prompt tokens that the backend did not compute again.
            num_spoken_tokens: Tokens of spoken audio.
        """
        prompt = self.prepared.prompt
        num_generated = sum(reader.num_tokens for reader in self._readers)
        return Usage(
            prompt_tokens=len(prompt),
            completion_tokens=num_generated + num_spoken_tokens,
            cached_tokens=num_cached_tokens,
            reasoning_tokens=sum(reader.num_reasoning_tokens for reader in self._readers),
            image_tokens=prompt.num_media_tokens("image"),
            video_tokens=prompt.num_media_tokens("video"),
            audio_tokens=prompt.num_media_tokens("audio"),
            spoken_tokens=num_spoken_tokens,
        )
