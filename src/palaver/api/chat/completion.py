"""One chat completion: from a turn to its answer, with exactly one outcome."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Self

from starlette.requests import ClientDisconnect

from palaver.api.chat.capabilities import check_capabilities
from palaver.api.chat.outcome import Ending, Outcome
from palaver.chat.delta import Delta, Usage
from palaver.chat.request import ChatRequest
from palaver.chat.turn import Turn
from palaver.errors import InternalError, RequestError
from palaver.generation.request import GenerationRequest, request_ids
from palaver.generation.stream import Generation
from palaver.models.model import Model

if TYPE_CHECKING:
    from palaver.speech.session import SpeechSession


class Completion:
    """The answer to one request, an asynchronous context: entering it starts generating.

    Leaving it stops whatever is still being generated or spoken, and tells
    ``on_end`` once how it ended: finished, cancelled or failed.

    Args:
        request: The client's request.
        turn: The request as the backend gets it, and the processing of its tokens.
        model: The model that answers.
        speech: Speaks the answer, if it is to be audio.
        on_first_token: Called when the first token comes.
        on_end: Called once for each completion that was entered.

    Attributes:
        id: The completion's id in the response.
        created_s: When it was accepted, in Unix seconds.
        request: As given.
        model_name: Name of the model.
    """

    def __init__(
        self,
        request: ChatRequest,
        turn: Turn,
        model: Model,
        *,
        speech: SpeechSession | None = None,
        on_first_token: Callable[[], None] = lambda: None,
        on_end: Callable[[Ending], None] = lambda ending: None,
    ) -> None:
        self.id = f"chatcmpl-{secrets.token_hex(12)}"
        self.created_s = int(time.time())
        self.request = request
        self.model_name = model.name
        self._turn = turn
        self._model = model
        self._speech = speech
        self._on_first_token = on_first_token
        self._on_end = on_end
        self._resources = ExitStack()
        self._generation: Generation | None = None
        self._error: Exception | None = None
        self._is_complete = False

    async def __aenter__(self) -> Self:
        """Start generating.

        Raises:
            InvalidRequest: The model's backend cannot do what the request needs.
            ModelNotAvailable: The model cannot answer now.
        """
        with ExitStack() as resources:
            resources.enter_context(self._model.lease())
            if self._speech:
                resources.callback(self._speech.close)
            request = self._generation_request()
            check_capabilities(request, self._model.backend.capabilities, self.model_name)
            self._generation = self._model.backend.generate(request)
            resources.callback(self._generation.close)
            self._resources = resources.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop what is still running, and report the outcome."""
        try:
            self._resources.close()
        except Exception as failure:
            self.note_failure(failure)
            raise
        finally:
            self._on_end(self._ending(error))

    @property
    def num_choices(self) -> int:
        """Number of choices that the client wants."""
        return self.request.num_choices

    async def deltas(self) -> AsyncGenerator[list[Delta], None]:
        """The deltas of each arrival of tokens or audio, possibly none, until all choices ended.

        Raises:
            ModelNotAvailable: The backend died, or the voice cannot speak.
        """
        written = self._written()
        source = self._speech.add_audio(written) if self._speech else written
        try:
            async with aclosing(source):
                async for batch in source:
                    yield batch
        except Exception as error:
            self.note_failure(error)
            raise
        self._is_complete = True

    def note_failure(self, error: Exception) -> None:
        """Remember a failure that is reported inside the stream."""
        self._error = self._error or error

    def usage(self) -> Usage:
        """The tokens used so far."""
        num_cached = self._generation.num_cached_tokens if self._generation else 0
        return self._turn.usage(num_cached, self._speech.num_tokens if self._speech else 0)

    async def _written(self) -> AsyncGenerator[list[Delta], None]:
        """The text deltas, as tokens come."""
        generation = self._generation
        assert generation is not None, "the completion has not been entered"
        is_begun = False
        while not self._turn.is_finished:
            tokens = await generation.next_tokens()
            if not tokens:
                raise InternalError("the backend ended an answer without saying why")
            if not is_begun:
                is_begun = True
                self._on_first_token()
                if self._speech:
                    self._speech.take_hidden_states(generation.hidden_states)
            deltas = []
            for token in tokens:
                delta = self._turn.feed(token)
                if delta.finish_reason and not token.finish:
                    generation.cancel(token.choice)
                if not delta.is_empty:
                    deltas.append(delta)
            if self._turn.is_finished:
                await generation.settled()
            yield deltas

    def _generation_request(self) -> GenerationRequest:
        prepared = self._turn.prepared
        wants_hidden_states = bool(self._speech and self._speech.begin(prepared.prompt))
        return GenerationRequest(
            next(request_ids),
            prepared.prompt,
            prepared.params,
            prepared.num_choices,
            wants_hidden_states,
            self.request.account,
        )

    def _ending(self, error: BaseException | None) -> Ending:
        """The report on the completion, given the exception that left the context."""
        outcome, reason = self._outcome(error), None
        if outcome is Outcome.FAILED:
            cause = self._error or error
            reason = cause.reason if isinstance(cause, RequestError) else InternalError.reason
        return Ending(
            completion_id=self.id,
            account=self.request.account,
            model=self.model_name,
            outcome=outcome,
            usage=self.usage(),
            reason=reason,
        )

    def _outcome(self, error: BaseException | None) -> Outcome:
        """The outcome, given the exception that left the context.

        An error that was sent inside the stream does not leave the context, so it was remembered.
        """
        if self._error is not None:
            return Outcome.FAILED
        if error is None and self._is_complete:
            return Outcome.FINISHED
        is_failure = isinstance(error, Exception) and not isinstance(error, ClientDisconnect)
        return Outcome.FAILED if is_failure else Outcome.CANCELLED
