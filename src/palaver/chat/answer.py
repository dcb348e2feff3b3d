"""From the tokens of a choice to the deltas that the client gets."""

from __future__ import annotations

from functools import partial

from palaver.chat.delta import CallEvent, Delta, FinishReason
from palaver.chat.detokenizer import Detokenizer
from palaver.chat.logprobs import TokenLogprob, describe
from palaver.chat.model import ChatModel
from palaver.chat.parser.answer import AnswerParser, call_beginnings
from palaver.chat.parser.events import Content, Event, Reasoning, merged
from palaver.chat.prepare import Prepared
from palaver.chat.request import ChatRequest
from palaver.chat.stop import StopMatcher
from palaver.chat.tools.tool import call_id
from palaver.generation.output import TokenOutput


class AnswerProcessor:
    """Processes one choice: tokens → characters → stop strings → thinking, content and calls.

    Args:
        choice: Index of the choice.
        request: The client's request.
        model: The model that answers.
        prepared: The request as the backend got it.

    Attributes:
        num_tokens: Tokens processed so far.
        num_reasoning_tokens: How many of them are thinking.
        is_finished: Whether the choice has ended.
    """

    def __init__(
        self, choice: int, request: ChatRequest, model: ChatModel, prepared: Prepared
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
            opening=prepared.reasoning_opening,
            is_separate=request.separate_reasoning,
            new_id=partial(call_id, prepared.call_seed, choice),
        )
        self.num_tokens = 0
        self.num_reasoning_tokens = 0
        self.is_finished = False

    def feed(self, token: TokenOutput) -> Delta:
        """The delta of a token; tokens after the end of the choice add nothing."""
        if self.is_finished:
            return Delta(self._choice)
        self.num_tokens += 1
        self.num_reasoning_tokens += self._parser.is_thinking
        is_text = not (token.finish == "stop" and token.token_id in self._stop_token_ids)
        events = self._events_of_token(token.token_id) if is_text else []
        if token.finish and not self._stops.is_matched:
            events += self._events_of_text(self._detokenizer.flush())
            if not self._stops.is_matched:
                events += self._parser.feed(self._stops.flush())
        self.is_finished = bool(token.finish) or self._stops.is_matched
        if self.is_finished:
            is_stopped = self._stops.is_matched
            is_cut = token.finish == "length" and not is_stopped
            events += self._parser.flush(is_cut=is_cut, is_stopped=is_stopped)
        logprob = self._logprob(token) if is_text else None
        return _delta(self._choice, events, self._finish_reason(token), logprob)

    def _events_of_token(self, token_id: int) -> list[Event]:
        """The events of a token; one that marks a call cannot be part of a stop string."""
        text = self._detokenizer.feed(token_id)
        if token_id not in self._call_marks:
            return self._events_of_text(text)
        return self._parser.feed(self._stops.flush() + text)

    def _events_of_text(self, text: str) -> list[Event]:
        """The events of a text; within a call, stop strings are ordinary text."""
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
