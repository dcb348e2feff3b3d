"""Plays the script of one request."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from palaver.chat.tokenizer import Tokenizer
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.engine.grammar.constraint import Constraint
from palaver.errors import InternalError, InvalidRequest, RequestError
from palaver.generation.output import TokenFinish, TokenLogprobs, TokenOutput
from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState
from palaver.generation.stream import Generation
from palaver.testing.steps import End, Fail, Hold, Pause, Say, Step, Token


@dataclass(slots=True, kw_only=True)
class ScriptContext:
    """State that the scripts of one backend share.

    Attributes:
        tokenizer: Turns texts into tokens; ``None`` where scripts have tokens only.
        compiler: Compiles grammars; ``None`` where they are not supported.
        vocab_size: Size of the vocabulary.
        num_cache_tokens: Tokens that prompt and answer of a request may have together.
        num_cached_tokens: Prompt tokens of each request reported as found in the cache.
        is_usage_late: Whether those are reported after the tokens.
        holds: Events by name, set once the test has released them.
    """

    tokenizer: Tokenizer | None
    compiler: GrammarCompiler | None
    vocab_size: int
    num_cache_tokens: int
    num_cached_tokens: int
    is_usage_late: bool
    holds: defaultdict[str, asyncio.Event] = field(
        default_factory=lambda: defaultdict(asyncio.Event)
    )


class ScriptRun:
    """One request, played in a task of its own.

    Args:
        request: The request.
        steps: The steps of its script, in order.
        context: Shared with the other requests.
        on_close: Called when the request has ended.

    Attributes:
        generation: Gets the tokens.
    """

    def __init__(
        self,
        request: GenerationRequest,
        steps: Iterable[Step],
        context: ScriptContext,
        on_close: Callable[[], None],
    ) -> None:
        self._request = request
        self._steps = steps
        self._context = context
        self._on_close = on_close
        self._open = set(range(request.num_choices))
        self._nums_tokens = [0] * request.num_choices
        self._constraints: dict[int, Constraint] = {}
        self.generation = Generation(
            request.num_choices, self._cancel, is_usage_late=context.is_usage_late
        )
        self._task = asyncio.ensure_future(self._run())

    def fail(self, error: RequestError) -> None:
        """End the request with an error."""
        self._cancel(None)
        self.generation.fail(error)

    def inspect(self) -> list[SequenceState]:
        """The state of each open choice."""
        request, num_prompt = self._request, len(self._request.prompt)
        return [
            SequenceState(
                request_id=request.request_id,
                choice=choice,
                state="decode",
                num_prompt_tokens=num_prompt,
                num_cached_tokens=self._context.num_cached_tokens,
                num_computed_tokens=num_prompt + self._nums_tokens[choice],
                num_answer_tokens=self._nums_tokens[choice],
                num_blocks=0,
                account=request.account,
            )
            for choice in sorted(self._open)
        ]

    def _cancel(self, choice: int | None) -> None:
        if choice is None:
            self._task.cancel()
            self._on_close()
            return
        self._open.discard(choice)
        if not self._open:
            self._task.cancel()  # it may wait at a step
            self._settle()

    async def _run(self) -> None:
        try:
            self._check_room()
            self._constraints = self._constraints_of_choices()
            for step in self._steps:
                await self._do(step)
                if not self._open:
                    break
            for choice in sorted(self._open):
                await self._do(End(choice))
        except RequestError as error:
            self.generation.fail(error)
        except Exception as error:  # a mistake in the script must not leave the caller waiting
            self.generation.fail(InternalError(f"the script cannot be played: {error!r}"))
        self._settle()

    def _settle(self) -> None:
        if self._context.is_usage_late:
            self.generation.settle(self._context.num_cached_tokens)

    def _check_room(self) -> None:
        num, most = len(self._request.prompt), self._context.num_cache_tokens
        if num + self._request.params.max_tokens > most:
            raise InvalidRequest(
                f"messages: {num} prompt tokens and up to {self._request.params.max_tokens} more "
                f"do not fit into a cache of {most} tokens",
                param="messages",
            )

    def _constraints_of_choices(self) -> dict[int, Constraint]:
        """A constraint for each choice, if the request has a grammar."""
        grammar = self._request.params.grammar
        if grammar is None:
            return {}
        if self._context.compiler is None:
            raise InvalidRequest(
                f"{grammar.field}: a scripted model needs a tokenizer to follow a grammar",
                param=grammar.field,
            )
        compiled = self._context.compiler.compile(grammar, self._request.params.stop_token_ids)
        return {choice: compiled.copy() for choice in self._open}

    async def _do(self, step: Step) -> None:
        match step:
            case Token():  # first, as it is the most frequent
                self._generate(step)
            case Say(text, choice):
                for token_id in self._tokens_of(text):
                    self._generate(Token(token_id, choice))
            case End(choice):
                self._generate(Token(self._stop_token(), choice))
            case Pause(seconds):
                await asyncio.sleep(seconds)
                return
            case Hold(name):
                await self._context.holds[name].wait()
            case Fail(error):
                raise error
            case _:
                raise TypeError(f"{step!r} is no step")
        await asyncio.sleep(0)

    def _tokens_of(self, text: str) -> list[int]:
        if self._context.tokenizer is None:
            raise ValueError("a script says a text, which needs the model's tokenizer")
        return self._context.tokenizer.encode(text)

    def _stop_token(self) -> int:
        if not self._request.params.stop_token_ids:
            raise ValueError("a script ends a choice, but the request has no stop token")
        return self._request.params.stop_token_ids[0]

    def _generate(self, token: Token) -> None:
        choice = token.choice
        if choice not in self._open:
            return
        if not 0 <= token.token_id < self._context.vocab_size:
            raise ValueError(f"token {token.token_id} is not in the vocabulary")
        self._follow_grammar(token)
        self._nums_tokens[choice] += 1
        finish = self._finish(token)
        if finish:
            self._open.discard(choice)
        context = self._context
        num_cached_tokens = 0 if context.is_usage_late else context.num_cached_tokens
        self.generation.deliver(
            TokenOutput(
                self._request.request_id,
                choice,
                token.token_id,
                finish,
                num_cached_tokens,
                self._logprobs(token),
            )
        )

    def _finish(self, token: Token) -> TokenFinish | None:
        params = self._request.params
        if token.finish or token.token_id in params.stop_token_ids:
            return token.finish or "stop"
        return "length" if self._nums_tokens[token.choice] >= params.max_tokens else None

    def _follow_grammar(self, token: Token) -> None:
        """Make sure that the grammar allows a token."""
        constraint = self._constraints.get(token.choice)
        if constraint is None:
            return
        constraint.accept(token.token_id)
        if constraint.error:
            raise InternalError(
                f"the script says token {token.token_id}, which the request's grammar forbids here"
            )

    def _logprobs(self, token: Token) -> TokenLogprobs | None:
        num_top = self._request.params.num_top_logprobs
        if num_top is None:
            return None
        return token.logprobs or TokenLogprobs(0.0, [(token.token_id, 0.0)][:num_top])
