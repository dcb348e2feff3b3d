"""The engine's own process: ``python -m palaver.engine.process.worker SOCKET-FD CONFIG-JSON``.

The main thread steps; a second thread reads what the API process says. When the API process closes
its end or dies, this process ends at once, so none is ever left behind.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence as Listing
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from palaver.engine.engine import Engine
from palaver.engine.grammar.compiler import Constraint, GrammarCompiler
from palaver.engine.process.config import DEFAULT_ENCODER_CACHE_BYTES, EngineConfig
from palaver.engine.process.encoding import Encoding, MediaEncoder
from palaver.engine.process.messages import (
    LENGTH,
    Cancel,
    Failed,
    Inspect,
    Inspection,
    Prepare,
    Ready,
    Refused,
    StepDone,
    Submit,
    ToEngine,
    decode_to_engine,
    frame,
)
from palaver.errors import InternalError, InvalidRequest, ModelFolderError
from palaver.generation.request import GenerationRequest
from palaver.host import tuning
from palaver.host.child_side import TUNED
from palaver.runtime import load_runtime
from palaver.runtime.base import Encoder, Features

_log = logging.getLogger(__name__)

_NUM_COMPILING = 2


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A request whose grammar is ready, or is known not to be one."""

    request: GenerationRequest
    constraint: Future[Constraint]
    features: Listing[Features] = ()


class Worker:
    """Steps an engine on behalf of the process at the other end of a socket.

    Grammars are compiled and media are encoded in threads of their own; a request joins the engine
    when both are ready, and nobody else waits for it.

    Args:
        connection: The socket.
        engine: Only this object calls it.
        compiler: For the grammars of the engine's model.
        encoder: Of the engine's model, if it takes more than text.
        encoder_cache_bytes: Memory for what it encoded.
    """

    def __init__(
        self,
        connection: socket.socket,
        engine: Engine,
        compiler: GrammarCompiler,
        encoder: Encoder | None = None,
        encoder_cache_bytes: int = DEFAULT_ENCODER_CACHE_BYTES,
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._compiler = compiler
        self._preparing: set[int] = set()
        self._threads = ThreadPoolExecutor(
            _NUM_COMPILING, thread_name_prefix="grammar", initializer=tuning.tune_helper_thread
        )
        self._inbox: SimpleQueue[ToEngine | _Compiled | Encoding] = SimpleQueue()
        self._media = (
            MediaEncoder(encoder, self._inbox.put, encoder_cache_bytes) if encoder else None
        )

    def run(self) -> None:
        """Serve until the other end is closed, which ends the process."""
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            self._take_messages()
            tokens = self._engine.step()
            for states in self._engine.states:
                self._connection.sendall(frame(states))
            if self._engine.stats:
                self._connection.sendall(frame(StepDone(tokens, self._engine.stats)))
                tuning.yield_core()
            for request_id, error in self._engine.failures:
                self._refuse(request_id, error)

    def _take_messages(self) -> None:
        """Apply all that came; wait for something if there is nothing else to do."""
        if not self._engine.has_work:
            self._apply(self._inbox.get())
        while True:
            try:
                self._apply(self._inbox.get_nowait())
            except Empty:
                return

    def _apply(self, message: ToEngine | _Compiled | Encoding) -> None:
        match message:
            case Cancel(request_id, choice):
                self._cancel(request_id, choice)
            case Inspect():
                self._connection.sendall(frame(Inspection(self._engine.inspect())))
            case Prepare(stop_token_ids):
                self._compiler.prepare(stop_token_ids)
            case Submit(request):
                self._prepare(request)
            case Encoding(request, features, error):
                if request.request_id in self._preparing:
                    self._take_encoded(request, features, error)
            case _Compiled(request, constraint, features):
                if request.request_id in self._preparing:
                    self._add(request, constraint, features)

    def _cancel(self, request_id: int, choice: int | None) -> None:
        self._preparing.discard(request_id)
        if self._media:
            self._media.forget(request_id)
        self._engine.cancel(request_id, choice)

    def _prepare(self, request: GenerationRequest) -> None:
        """Have media encoded first and the grammar compiled then, as far as there are such."""
        self._preparing.add(request.request_id)
        if request.prompt.spans and self._media:
            self._media.add(request)
        elif request.prompt.spans:
            self._refuse(request.request_id, InvalidRequest("this model takes text only"))
        else:
            self._compile(request, ())

    def _take_encoded(
        self, request: GenerationRequest, features: Listing[Features], error: Exception | None
    ) -> None:
        if error:
            _log.error("media could not be encoded", exc_info=error)
            refusal = InternalError("the model's encoders failed at the media; the log says how")
            self._refuse(request.request_id, refusal)
            return
        prompt = request.prompt.without_content()
        self._compile(msgspec.structs.replace(request, prompt=prompt), features)

    def _compile(self, request: GenerationRequest, features: Listing[Features]) -> None:
        grammar = request.params.grammar
        if not grammar:
            self._add(request, None, features)
            return
        stops = request.params.stop_token_ids
        future = self._threads.submit(self._compiler.compile, grammar, stops)
        future.add_done_callback(lambda done: self._inbox.put(_Compiled(request, done, features)))

    def _add(
        self,
        request: GenerationRequest,
        constraint: Future[Constraint] | None,
        features: Listing[Features],
    ) -> None:
        self._preparing.discard(request.request_id)
        try:
            self._engine.add(request, _compiled(constraint), features)
        except InvalidRequest as error:
            self._refuse(request.request_id, error)

    def _refuse(self, request_id: int, error: InvalidRequest | InternalError) -> None:
        self._preparing.discard(request_id)
        is_own = isinstance(error, InternalError)
        self._connection.sendall(frame(Refused(request_id, error.message, error.param, is_own)))

    def _read(self) -> None:
        try:
            with self._connection.makefile("rb") as stream:
                while head := stream.read(LENGTH.size):
                    self._inbox.put(decode_to_engine(stream.read(*LENGTH.unpack(head))))
        finally:  # also when the other end died amid a message, or with tokens unread
            os._exit(0)


def _compiled(constraint: Future[Constraint] | None) -> Constraint | None:
    """The constraint of a request that has one; whatever goes wrong is the request's own affair."""
    if constraint is None:
        return None
    error = constraint.exception()
    if error and not isinstance(error, InvalidRequest):
        _log.error("a grammar could not be compiled", exc_info=error)
        raise InvalidRequest("the form of the answer cannot be enforced") from error
    return constraint.result()


def _end_if_nobody_waits(connection: socket.socket) -> None:
    """End the process if the other end is closed while the model is loaded; later, it is read."""
    if not connection.recv(1, socket.MSG_PEEK):
        os._exit(0)


def main(fd: int, config: EngineConfig, *, is_tuned: bool) -> None:
    """Load the model, say so, and serve."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the API process drains, then hangs up
    if is_tuned:
        tuning.tune_engine_process()
    connection = socket.socket(fileno=fd)
    threading.Thread(target=_end_if_nobody_waits, args=(connection,), daemon=True).start()
    begun = time.perf_counter()
    try:
        runtime = load_runtime(config.runtime)
    except ModelFolderError as error:
        connection.sendall(frame(Failed(str(error))))
        return
    engine = Engine(
        runtime,
        max_step_tokens=config.max_step_tokens,
        max_running=config.max_running,
        num_threads=config.runtime.num_threads,
    )
    shape = runtime.shape
    ready = Ready(
        vocab_size=shape.vocab_size,
        num_cache_tokens=shape.num_blocks * shape.block_size_tokens,
        load_s=time.perf_counter() - begun,
    )
    tuning.freeze_start_up()
    connection.sendall(frame(ready))
    compiler = GrammarCompiler(Path(config.runtime.folder) / "tokenizer.json", shape.vocab_size)
    encoder, cache_bytes = runtime.encoder, config.encoder_cache_bytes
    Worker(connection, engine, compiler, encoder, cache_bytes).run()


if __name__ == "__main__":
    main(
        int(sys.argv[1]),
        msgspec.json.decode(sys.argv[2], type=EngineConfig),
        is_tuned=TUNED in sys.argv[3:],
    )
