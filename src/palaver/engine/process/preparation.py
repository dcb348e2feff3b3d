"""Preparation of a request before it joins the engine: media encoded, grammar compiled.

::

    start ──▶ encode media ──▶ compile grammar ──▶ on_done(Prepared)
              (one thread)     (two threads)

Each step is skipped where there is nothing to do, and neither delays other requests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.engine.grammar.constraint import Constraint
from palaver.engine.process.config import DEFAULT_ENCODER_CACHE_BYTES
from palaver.engine.process.encoding import Encoding, MediaEncoder
from palaver.errors import InternalError, InvalidRequest
from palaver.generation.request import GenerationRequest
from palaver.host import tuning
from palaver.runtime.base import Encoder, Features

_log = logging.getLogger(__name__)

_NUM_COMPILING = 2


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that is ready to join the engine, or the reason why it is refused.

    Attributes:
        request: As submitted; without the content of its media once these are encoded.
        features: Features of its media, in their order.
        constraint: The initial state of its grammar, if it has one.
        error: Why it is refused; ``None`` if it is ready.
    """

    request: GenerationRequest
    features: tuple[Features, ...] = ()
    constraint: Constraint | None = None
    error: InvalidRequest | InternalError | None = None


class Preparation:
    """Encodes the media of requests and compiles their grammars, in threads of its own.

    Args:
        compiler: For the model's vocabulary.
        encoder: The model's encoders, if it takes more than text.
        on_done: Called from any thread, once for each request; it may still be called for a
            cancelled one.
        encoder_cache_bytes: Size of the cache of encoded media.
    """

    def __init__(
        self,
        compiler: GrammarCompiler,
        encoder: Encoder | None,
        on_done: Callable[[Prepared], None],
        encoder_cache_bytes: int = DEFAULT_ENCODER_CACHE_BYTES,
    ) -> None:
        self._compiler = compiler
        self._on_done = on_done
        self._under_way: set[int] = set()
        self._threads = ThreadPoolExecutor(
            _NUM_COMPILING, thread_name_prefix="grammar", initializer=tuning.tune_helper_thread
        )
        self._media = (
            MediaEncoder(encoder, self._take_encoded, encoder_cache_bytes) if encoder else None
        )

    def start(self, request: GenerationRequest) -> None:
        """Start to prepare a request."""
        self._under_way.add(request.request_id)
        if not request.prompt.placeholders:
            self._compile(Prepared(request))
        elif self._media:
            self._media.add(request)
        else:
            self._on_done(Prepared(request, error=InvalidRequest("this model takes text only")))

    def cancel(self, request_id: int) -> None:
        """Stop preparing a request; unknown ids are no error."""
        self._under_way.discard(request_id)
        if self._media:
            self._media.cancel(request_id)

    def finish(self, request_id: int) -> bool:
        """Forget a prepared request; returns whether it was not cancelled meanwhile."""
        is_wanted = request_id in self._under_way
        self._under_way.discard(request_id)
        return is_wanted

    def _take_encoded(self, encoding: Encoding) -> None:
        request = encoding.request
        if encoding.error:
            _log.error("media could not be encoded", exc_info=encoding.error)
            error = InternalError("the model's encoders failed at the media; the log says how")
            self._on_done(Prepared(request, error=error))
            return
        request = msgspec.structs.replace(request, prompt=request.prompt.without_content())
        self._compile(Prepared(request, tuple(encoding.features)))

    def _compile(self, prepared: Prepared) -> None:
        params = prepared.request.params
        if params.grammar is None:
            self._on_done(prepared)
            return
        future = self._threads.submit(self._compiler.compile, params.grammar, params.stop_token_ids)
        future.add_done_callback(lambda done: self._on_done(_with_constraint(prepared, done)))


def _with_constraint(prepared: Prepared, compiled: Future[Constraint]) -> Prepared:
    """The prepared request with its grammar; a failure refuses only this request."""
    request, features = prepared.request, prepared.features
    error = compiled.exception()
    if error is None:
        return Prepared(request, features, compiled.result())
    if isinstance(error, InvalidRequest):
        return Prepared(request, features, error=error)
    _log.error("a grammar could not be compiled", exc_info=error)
    refusal = InvalidRequest("the grammar of the answer cannot be enforced")
    return Prepared(request, features, error=refusal)
