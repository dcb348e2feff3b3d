"""The main program of an engine process, a child of the API process.

The main thread steps; a second thread receives what the API process sends. When the API process
closes the connection or dies, this process ends at once.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from queue import Empty, SimpleQueue

import msgspec

from palaver.engine.engine import Engine
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.engine.process.config import DEFAULT_ENCODER_CACHE_BYTES, EngineConfig
from palaver.engine.process.messages import (
    Cancel,
    FromEngine,
    HiddenStates,
    Inspect,
    Inspection,
    Ready,
    Refused,
    StepDone,
    Submit,
    ToEngine,
    decode_to_engine,
    encode,
)
from palaver.engine.process.preparation import Preparation, Prepared
from palaver.engine.result import StepResult
from palaver.errors import InternalError, InvalidRequest, ModelFolderError
from palaver.generation.request import Array
from palaver.host import tuning
from palaver.host.child_side import Parent, connect
from palaver.runtime import Runtime, load_runtime
from palaver.runtime.base import Encoder


class Worker:
    """Steps an engine on behalf of the API process.

    Args:
        parent: The API process.
        engine: The engine; called only from this object's main thread.
        compiler: For the vocabulary of the engine's model.
        encoder: The encoders of the engine's model, if it takes more than text.
        encoder_cache_bytes: Size of the cache of encoded media.
    """

    def __init__(
        self,
        parent: Parent,
        engine: Engine,
        compiler: GrammarCompiler,
        encoder: Encoder | None = None,
        encoder_cache_bytes: int = DEFAULT_ENCODER_CACHE_BYTES,
    ) -> None:
        self._parent = parent
        self._engine = engine
        self._inbox: SimpleQueue[ToEngine | Prepared] = SimpleQueue()
        self._preparation = Preparation(compiler, encoder, self._inbox.put, encoder_cache_bytes)

    def run(self) -> None:
        """Step until the parent closes the connection, which ends the process."""
        threading.Thread(target=self._receive, daemon=True).start()
        while True:
            self._take_messages()
            self._report(self._engine.step())

    def _take_messages(self) -> None:
        """Apply all queued messages; wait for one if the engine has no work."""
        if not self._engine.has_work:
            self._apply(self._inbox.get())
        while True:
            try:
                self._apply(self._inbox.get_nowait())
            except Empty:
                return

    def _apply(self, message: ToEngine | Prepared) -> None:
        match message:
            case Submit(request):
                self._preparation.start(request)
            case Prepared(request):
                if self._preparation.finish(request.request_id):
                    self._add(message)
            case Cancel(request_id, choice):
                self._preparation.cancel(request_id)
                self._engine.cancel(request_id, choice)
            case Inspect():
                self._send(Inspection(self._engine.inspect()))

    def _add(self, prepared: Prepared) -> None:
        try:
            if prepared.error:
                raise prepared.error
            self._engine.add(prepared.request, prepared.constraint, prepared.features)
        except (InvalidRequest, InternalError) as error:
            self._refuse(prepared.request.request_id, error)

    def _report(self, result: StepResult) -> None:
        for request_id, rows in result.hidden_states:
            self._send(HiddenStates(request_id, Array.of(rows)))
        if result.stats:
            self._send(StepDone(result.tokens, result.stats))
            tuning.yield_core()
        for request_id, error in result.failures:
            self._refuse(request_id, error)

    def _refuse(self, request_id: int, error: InvalidRequest | InternalError) -> None:
        is_own = isinstance(error, InternalError)
        self._send(Refused(request_id, error.message, error.param, is_own))

    def _send(self, message: FromEngine) -> None:
        self._parent.send(encode(message))

    def _receive(self) -> None:
        try:
            for message in self._parent:
                self._inbox.put(decode_to_engine(message))
        finally:  # the API process has closed the connection: nothing is left to do
            os._exit(0)


def main(parent: Parent) -> None:
    """Load the model, report that it is ready, and run the engine."""
    config = msgspec.json.decode(parent.config, type=EngineConfig)
    if parent.is_tuned:
        tuning.tune_engine_process()
    begun = time.perf_counter()
    try:
        runtime = load_runtime(config.runtime)
    except ModelFolderError as error:
        parent.say_failed(str(error))
        return
    engine = Engine(
        runtime,
        max_step_tokens=config.max_step_tokens,
        max_running=config.max_running,
        num_threads=config.runtime.num_threads,
    )
    ready = _ready(runtime, time.perf_counter() - begun)
    tokenizer = Path(config.tokenizer).read_text(encoding="utf-8") if config.tokenizer else ""
    compiler = GrammarCompiler(tokenizer, runtime.shape.vocab_size)
    if config.stop_token_ids:
        compiler.prepare(config.stop_token_ids)
    tuning.freeze_start_up()
    parent.say_ready(encode(ready))
    Worker(parent, engine, compiler, runtime.encoder, config.encoder_cache_bytes).run()


def _ready(runtime: Runtime, load_s: float) -> Ready:
    """What the API process has to know about the model."""
    shape = runtime.shape
    return Ready(
        vocab_size=shape.vocab_size,
        num_cache_tokens=shape.num_blocks * shape.block_size_tokens,
        load_s=load_s,
        has_hidden_states=runtime.has_hidden_states,
        media_kinds=runtime.media_kinds,
    )


if __name__ == "__main__":
    main(connect())
