"""One turn: from the request to the engine's prompt, from its tokens to what the client reads."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal, TypeAlias

from palaver.chat.detokenizer import Detokenizer
from palaver.chat.logprobs import TokenLogprob, describe
from palaver.chat.model import ChatModel
from palaver.chat.reasoning import Piece, ReasoningSplitter
from palaver.chat.request import ChatRequest
from palaver.chat.stop import StopMatcher
from palaver.engine.messages import TokenOutput
from palaver.engine.request import Prompt, SamplingParams

FinishReason: TypeAlias = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Delta:
    """What one token adds to one choice.

    Attributes:
        choice: Index of the choice.
        content: More of the answer.
        reasoning: More of the thinking, where it is wanted apart.
        finish_reason: Set once, in the last delta of the choice.
        logprob: The token's log probability, if they are wanted and the token is one of the text.
    """

    choice: int
    content: str = ""
    reasoning: str = ""
    finish_reason: FinishReason | None = None
    logprob: TokenLogprob | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.content or self.reasoning or self.finish_reason or self.logprob)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a whole request (spec row S44)."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


class Turn:
    """The state of one turn, fed with the engine's tokens.

    Args:
        request: What the client wants.
        model: Who answers.

    Raises:
        InvalidRequest: The conversation does not suit the model or its window.
    """

    def __init__(self, request: ChatRequest, model: ChatModel) -> None:
        rendered = model.render(request)
        self.prompt = Prompt(rendered.token_ids)
        self.params = _sampling_params(request, model, len(self.prompt))
        self.num_choices = request.num_choices
        self._num_cached_tokens = 0
        self._answers = [
            _Answer(i, request, model, rendered.reasoning_opening)
            for i in range(request.num_choices)
        ]

    @property
    def is_finished(self) -> bool:
        """Whether every choice has ended."""
        return all(answer.is_finished for answer in self._answers)

    def feed(self, token: TokenOutput) -> Delta:
        """What a token adds; tokens behind the end of their choice add nothing."""
        self._num_cached_tokens = token.num_cached_tokens
        return self._answers[token.choice].feed(token)

    def usage(self) -> Usage:
        """The tokens used so far, over all choices."""
        return Usage(
            prompt_tokens=len(self.prompt),
            completion_tokens=sum(answer.num_tokens for answer in self._answers),
            cached_tokens=self._num_cached_tokens,
            reasoning_tokens=sum(answer.num_reasoning_tokens for answer in self._answers),
        )


class _Answer:
    """One choice: tokens → characters → stop strings → thinking and content."""

    def __init__(self, choice: int, request: ChatRequest, model: ChatModel, opening: str) -> None:
        self._choice = choice
        self._stop_token_ids = model.stop_token_ids
        self._tokenizer = model.tokenizer
        self._detokenizer = Detokenizer(model.tokenizer)
        self._stops = StopMatcher(request.stop)
        self._splitter = ReasoningSplitter(is_open=bool(opening))
        self._is_separate = request.separate_reasoning
        self._prefix = opening
        self.num_tokens = 0
        self.num_reasoning_tokens = 0
        self.is_finished = False

    def feed(self, token: TokenOutput) -> Delta:
        if self.is_finished:
            return Delta(self._choice)
        self.num_tokens += 1
        self.num_reasoning_tokens += self._splitter.is_thinking
        is_text = not (token.finish == "stop" and token.token_id in self._stop_token_ids)
        text = self._detokenizer.feed(token.token_id) if is_text else ""
        text = self._stops.feed(text)
        if token.finish and not self._stops.is_matched:
            text += self._stops.feed(self._detokenizer.flush()) + self._stops.flush()
        finish: FinishReason | None = "stop" if self._stops.is_matched else token.finish
        self.is_finished = finish is not None
        piece = self._split(text)
        logprob = self._logprob(token) if is_text else None
        return Delta(self._choice, piece.content, piece.reasoning, finish, logprob)

    def _logprob(self, token: TokenOutput) -> TokenLogprob | None:
        """The token's log probability; its bytes end where the answer does."""
        if token.logprobs is None:
            return None
        entry = describe(self._tokenizer, token.token_id, token.logprobs)
        return entry.without_last(len(self._stops.dropped.encode()))

    def _split(self, text: str) -> Piece:
        piece = self._splitter.feed(text)
        if self.is_finished:
            rest = self._splitter.flush()
            piece = Piece(piece.content + rest.content, piece.reasoning + rest.reasoning)
        if self._is_separate:
            return piece
        text, self._prefix = self._prefix + text, ""
        return Piece(content=text)


def _sampling_params(request: ChatRequest, model: ChatModel, num_prompt: int) -> SamplingParams:
    return SamplingParams(
        max_tokens=model.answer_length(request, num_prompt),
        seed=secrets.randbits(64) if request.seed is None else request.seed % 2**64,
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        min_p=request.min_p,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        repetition_penalty=request.repetition_penalty,
        logit_bias=dict(request.logit_bias),
        stop_token_ids=model.stop_token_ids,
        num_top_logprobs=request.num_top_logprobs,
    )
