"""A backend that plays scripts of a test in place of a model.

Everything around it is real: tokenizer, template, grammars, parsers, limits, usage. A script is
written in the model's own markup and cannot generate what the model could not: ``max_tokens`` and
stop tokens end a choice, and a token that the request's grammar forbids is an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from palaver.chat.tokenizer import Tokenizer
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.errors import ModelNotAvailable
from palaver.generation.backend import Capabilities, Capacity
from palaver.generation.request import GenerationRequest, Script
from palaver.generation.stats import SequenceState
from palaver.generation.stream import Generation
from palaver.models.files import read_text
from palaver.multimodal.media import MEDIA_KINDS
from palaver.testing.play import ScriptContext, ScriptRun
from palaver.testing.steps import Step, Token

Steps: TypeAlias = Sequence[Step] | Callable[[GenerationRequest], Iterable[Step]]

_NUM_KEPT_REQUESTS = 1_000


class ScriptedBackend:
    """A backend that plays a script for each request; see :class:`palaver.generation.Backend`.

    A request with a script of its own gets that one.

    Args:
        steps: What to do for each request: steps, or a function that makes them for a request.
        tokenizer: The model's ``tokenizer.json``; needed for texts and grammars.
        vocab_size: Size of the vocabulary, where there is no tokenizer.
        num_cache_tokens: Tokens that prompt and answer of a request may have together.
        num_cached_tokens: Prompt tokens of each request reported as found in the cache.
        is_usage_late: Whether those are reported after the tokens, as remote servers do.

    Attributes:
        requests: The last thousand requests, in order.
    """

    def __init__(
        self,
        steps: Steps = (),
        *,
        tokenizer: Path | None = None,
        vocab_size: int = 2**17,
        num_cache_tokens: int = 2**20,
        num_cached_tokens: int = 0,
        is_usage_late: bool = False,
    ) -> None:
        self.requests: deque[GenerationRequest] = deque(maxlen=_NUM_KEPT_REQUESTS)
        self._steps = steps
        text = read_text(tokenizer) if tokenizer else ""
        words = Tokenizer(text, str(tokenizer)) if text else None
        self._vocab_size = words.vocab_size if words else vocab_size
        self._context = ScriptContext(
            tokenizer=words,
            compiler=GrammarCompiler(text, self._vocab_size) if text else None,
            vocab_size=self._vocab_size,
            num_cache_tokens=num_cache_tokens,
            num_cached_tokens=num_cached_tokens,
            is_usage_late=is_usage_late,
        )
        self._is_started = False
        self._runs: dict[int, ScriptRun] = {}

    @property
    def capabilities(self) -> Capabilities:
        """All but hidden states; grammars only with a tokenizer."""
        return Capabilities(
            grammars=self._context.compiler is not None,
            media=frozenset(MEDIA_KINDS),
            logprobs=True,
            exact_seeds=True,
            hidden_states=False,
            scripts=True,
        )

    @property
    def capacity(self) -> Capacity | None:
        """As given; ``None`` before the start and after the end."""
        if not self._is_started:
            return None
        return Capacity(
            vocab_size=self._vocab_size, num_cache_tokens=self._context.num_cache_tokens, load_s=0.0
        )

    @property
    def num_requests(self) -> int:
        """Number of requests in progress."""
        return len(self._runs)

    async def start(self) -> Capacity:
        """Become ready at once."""
        self._is_started = True
        capacity = self.capacity
        assert capacity is not None
        return capacity

    async def stop(self) -> None:
        """End; requests in progress fail with :class:`ModelNotAvailable`."""
        self._is_started = False
        for run in list(self._runs.values()):
            run.fail(ModelNotAvailable("the scripted model was stopped: it is shutting down"))

    def generate(self, request: GenerationRequest) -> Generation:
        """Start to play the script for a request; the caller closes what is returned.

        Raises:
            ModelNotAvailable: It is not started.
        """
        if not self._is_started:
            raise ModelNotAvailable("the scripted model is starting; try again")
        self.requests.append(request)
        run = ScriptRun(
            request,
            self._steps_for(request),
            self._context,
            partial(self._forget, request.request_id),
        )
        self._runs[request.request_id] = run
        return run.generation

    async def inspect(self) -> list[SequenceState]:
        """The state of each choice of each request.

        Raises:
            ModelNotAvailable: It is not started.
        """
        if not self._is_started:
            raise ModelNotAvailable("the scripted model is starting; try again")
        return [state for run in self._runs.values() for state in run.inspect()]

    def release(self, name: str) -> None:
        """Let requests continue that wait at a :class:`Hold` of this name, now or later."""
        self._context.holds[name].set()

    def _forget(self, request_id: int) -> None:
        self._runs.pop(request_id, None)

    def _steps_for(self, request: GenerationRequest) -> Iterable[Step]:
        if request.script is not None:
            return _steps_of(request.script, request.num_choices)
        return self._steps(request) if callable(self._steps) else self._steps


def _steps_of(script: Script, num_choices: int) -> Iterable[Step]:
    """A request's own script as steps, the choices in rotation."""
    rows = [script.choices[i % len(script.choices)] for i in range(num_choices)]
    for place in range(max(map(len, rows), default=0)):
        for choice, row in enumerate(rows):
            if place < len(row):
                yield Token(row[place], choice)
