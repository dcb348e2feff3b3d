"""One turn: from the request to the engine's prompt, from its tokens to what the client reads."""

from __future__ import annotations

import secrets
from array import array
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Literal, TypeAlias

from palaver.chat.detokenizer import Detokenizer
from palaver.chat.grammar.answer import AnswerForm, Thinking, answer_grammar
from palaver.chat.logprobs import TokenLogprob, describe
from palaver.chat.model import ChatModel, RenderedPrompt
from palaver.chat.parser.answer import AnswerParser, call_beginnings
from palaver.chat.parser.events import (
    CallArguments,
    CallBegin,
    Content,
    Event,
    Reasoning,
    merged,
)
from palaver.chat.request import ChatRequest
from palaver.chat.stop import StopMatcher
from palaver.chat.tools.tool import call_id
from palaver.generation.output import TokenOutput
from palaver.generation.request import Grammar, Prompt, SamplingParams

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls"]
CallEvent: TypeAlias = CallBegin | CallArguments


@dataclass(frozen=True, slots=True)
class Delta:
    """What one token adds to one choice.

    Attributes:
        choice: Index of the choice.
        content: More of the answer.
        reasoning: More of the thinking, where it is wanted apart.
        calls: Calls that begin, and more of their arguments.
        finish_reason: Set once, in the last delta of the choice.
        logprob: The token's log probability, if they are wanted and the token is one of the text.
    """

    choice: int
    content: str = ""
    reasoning: str = ""
    calls: tuple[CallEvent, ...] = ()
    finish_reason: FinishReason | None = None
    logprob: TokenLogprob | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        has_text = self.content or self.reasoning or self.calls
        return not (has_text or self.finish_reason or self.logprob)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a whole request (spec row S44)."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    image_tokens: int = 0
    video_tokens: int = 0
    audio_tokens: int = 0

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
        self.prompt = rendered.prompt
        self.params = _sampling_params(request, model, rendered)
        self.num_choices = request.num_choices
        self._num_cached_tokens = 0
        ids = _ids_of(request, self.prompt, self.params)
        self._answers = [
            _Answer(i, request, model, rendered.reasoning_opening, ids)
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
            image_tokens=self.prompt.num_media_tokens("image"),
            video_tokens=self.prompt.num_media_tokens("video"),
            audio_tokens=self.prompt.num_media_tokens("audio"),
        )


class _Answer:
    """One choice: tokens → characters → stop strings → thinking, content and calls."""

    def __init__(
        self, choice: int, request: ChatRequest, model: ChatModel, opening: str, ids: str
    ) -> None:
        self._choice = choice
        self._stop_token_ids = model.stop_token_ids
        self._tokenizer = model.tokenizer
        tools = request.callable_tools
        begins = call_beginnings(model.dialect.family) if tools else ()
        self._call_marks = {model.tokenizer.id_of(mark.strip()) for mark in begins}
        self._detokenizer = Detokenizer(model.tokenizer, model.markers(has_calls=bool(tools)))
        self._stops = StopMatcher(request.stop)
        self._parser = AnswerParser(
            model.dialect.family,
            tools=tools,
            opening=opening,
            is_separate=request.separate_reasoning,
            new_id=partial(call_id, ids, choice),
        )
        self.num_tokens = 0
        self.num_reasoning_tokens = 0
        self.is_finished = False

    def feed(self, token: TokenOutput) -> Delta:
        if self.is_finished:
            return Delta(self._choice)
        self.num_tokens += 1
        self.num_reasoning_tokens += self._parser.is_thinking
        is_text = not (token.finish == "stop" and token.token_id in self._stop_token_ids)
        events = self._read_token(token.token_id) if is_text else []
        if token.finish and not self._stops.is_matched:
            events += self._read(self._detokenizer.flush())
            if not self._stops.is_matched:
                events += self._parser.feed(self._stops.flush())
        self.is_finished = bool(token.finish) or self._stops.is_matched
        if self.is_finished:
            is_stopped = self._stops.is_matched
            is_cut = token.finish == "length" and not is_stopped
            events += self._parser.flush(is_cut=is_cut, is_stopped=is_stopped)
        logprob = self._logprob(token) if is_text else None
        return _delta(self._choice, events, self._finish_reason(token), logprob)

    def _read_token(self, token_id: int) -> list[Event]:
        """What a token adds; one that marks a call is no text in which a stop string could be."""
        text = self._detokenizer.feed(token_id)
        if token_id not in self._call_marks:
            return self._read(text)
        return self._parser.feed(self._stops.flush() + text)

    def _read(self, text: str) -> list[Event]:
        """What a text adds; within a call, stop strings are part of it."""
        events = self._parser.feed(self._stops.feed(text))
        while self._stops.is_matched and self._parser.is_calling:
            events += self._parser.feed(self._stops.feed(self._stops.resume()))
        return events

    def _finish_reason(self, token: TokenOutput) -> FinishReason | None:
        if not self.is_finished:
            return None
        if token.finish == "length" and not self._stops.is_matched:
            return "length"
        return "tool_calls" if self._parser.num_calls else "stop"

    def _logprob(self, token: TokenOutput) -> TokenLogprob | None:
        """The token's log probability; its bytes end where the answer does."""
        if token.logprobs is None:
            return None
        if self._stops.is_matched:
            self._detokenizer.cut(self._stops.dropped)
        return describe(self._tokenizer, self._detokenizer, token.token_id, token.logprobs)


def _delta(
    choice: int,
    events: list[Event],
    finish_reason: FinishReason | None,
    logprob: TokenLogprob | None,
) -> Delta:
    return Delta(
        choice,
        content="".join(event.text for event in events if isinstance(event, Content)),
        reasoning="".join(event.text for event in events if isinstance(event, Reasoning)),
        calls=tuple(event for event in merged(events) if isinstance(event, CallEvent)),
        finish_reason=finish_reason,
        logprob=logprob,
    )


def _ids_of(request: ChatRequest, prompt: Prompt, params: SamplingParams) -> str:
    """What the ids of calls are made from: one seed may serve a whole conversation."""
    digest = blake2b(array("q", prompt.token_ids).tobytes(), digest_size=16)
    for span in prompt.spans:
        digest.update(span.content_hash)
    is_certain = request.temperature == 0 and request.seed is None
    return f"{0 if is_certain else params.seed}/{digest.hexdigest()}"


def _sampling_params(
    request: ChatRequest, model: ChatModel, prompt: RenderedPrompt
) -> SamplingParams:
    return SamplingParams(
        max_tokens=model.answer_length(request, len(prompt.prompt)),
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
        grammar=_grammar(request, model, prompt),
    )


def _grammar(request: ChatRequest, model: ChatModel, prompt: RenderedPrompt) -> Grammar | None:
    """What the answer must look like, after the thinking that may come first."""
    if request.answer_schema is None and not request.tools:
        return None
    if prompt.reasoning_opening:
        thinking = Thinking.OPENED
    else:
        may_think = request.enable_thinking or not model.can_think
        thinking = Thinking.POSSIBLE if may_think else Thinking.NONE
    form = AnswerForm(
        schema=request.answer_schema,
        tools=request.callable_tools,
        can_be_text=request.tool_choice != "required",
        is_parallel=request.parallel_tool_calls and request.chosen_tool is None,
    )
    source = answer_grammar(model.dialect.family, model.tokenizer, form, thinking)
    return Grammar(source, "tools" if request.tools else request.answer_schema_path)
