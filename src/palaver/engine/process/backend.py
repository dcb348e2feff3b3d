"""The backend of one model: it routes requests to an engine process, and tokens back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

import msgspec

from palaver.engine.process.config import EngineConfig
from palaver.engine.process.messages import (
    Cancel,
    HiddenStates,
    Inspect,
    Inspection,
    Ready,
    Refused,
    StepDone,
    Submit,
    ToEngine,
    decode_from_engine,
    decode_ready,
    encode,
)
from palaver.errors import (
    AnswerTimeout,
    InternalError,
    InvalidRequest,
    ModelFolderError,
    ModelNotAvailable,
    StartTimeout,
)
from palaver.generation.backend import Capabilities, Capacity
from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState, StepStats
from palaver.generation.stream import Generation
from palaver.host.child import Child, ChildError, ChildTimeout

_MODULE = "palaver.engine.process.worker"

_log = logging.getLogger(__name__)


class ProcessBackend:
    """An engine in a process of its own, started again whenever it dies.

    Args:
        name: The model's name, for messages.
        config: What the process runs.
        on_step: Called with the statistics of each step.
    """

    def __init__(
        self,
        name: str,
        config: EngineConfig,
        on_step: Callable[[StepStats], None] = lambda stats: None,
    ) -> None:
        self.name = name
        self._config = config
        self._on_step = on_step
        self._ready: Ready | None = None
        self._last_ready: Ready | None = None
        self._child = Child(
            _MODULE,
            msgspec.json.encode(config).decode(),
            name=f"the engine of model {name!r}",
            on_message=self._receive,
            on_end=self._note_end,
            start_timeout_s=config.start_timeout_s,
        )
        self._generations: dict[int, Generation] = {}
        self._inspections: deque[asyncio.Future[list[SequenceState]]] = deque()
        self._last_message_s = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int | None:
        """The engine's process id, while it runs."""
        return self._child.pid

    @property
    def num_starts(self) -> int:
        """How often the process was started."""
        return self._child.num_starts

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do with its model; final once that is loaded.

        It stays the same while the engine is restarted.
        """
        ready = self._last_ready
        return Capabilities(
            grammars=True,
            media=frozenset(ready.media_kinds if ready else ()),
            logprobs=True,
            exact_seeds=self._config.runtime.cache_precision != "u8",
            hidden_states=ready is not None and ready.has_hidden_states,
            scripts=False,
        )

    @property
    def capacity(self) -> Capacity | None:
        """The capacity of the loaded model; ``None`` while it is loading or restarting."""
        if (ready := self._ready) is None:
            return None
        return Capacity(
            vocab_size=ready.vocab_size,
            num_cache_tokens=ready.num_cache_tokens,
            load_s=ready.load_s,
        )

    @property
    def num_requests(self) -> int:
        """Requests under way."""
        return len(self._generations)

    async def start(self) -> Capacity:
        """Start the process and wait until its model is loaded.

        Raises:
            ModelFolderError: The model cannot be loaded.
            ModelNotAvailable: The process died as soon as it was ready; it is started again.
            StartTimeout: The model was not loaded in time; the process is ended.
        """
        try:
            self._note_ready(await self._child.start())
        except ChildTimeout as error:
            raise StartTimeout(f"model {self.name!r} was not loaded in time: {error}") from error
        except ChildError as error:
            raise ModelFolderError(f"{error}") from error
        self._tasks = [
            asyncio.create_task(self._child.keep_running(self._note_ready)),
            asyncio.create_task(self._watch_timeouts(self._config.token_timeout_s)),
        ]
        if (capacity := self.capacity) is None:
            raise self._not_running()
        return capacity

    async def stop(self) -> None:
        """End the process; requests under way fail with :class:`ModelNotAvailable`."""
        for task in self._tasks:
            task.cancel()
        try:
            for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
                if isinstance(outcome, Exception):
                    _log.error("a task of model %r has failed", self.name, exc_info=outcome)
        finally:
            await self._child.end()
            self._fail_all("the server is shutting down")

    def generate(self, request: GenerationRequest) -> Generation:
        """Start generating; see :meth:`palaver.generation.backend.Backend.generate`."""
        if self._ready is None:
            raise self._not_running()
        if request.script is not None:
            raise InvalidRequest("script: an engine does not play scripts", param="script")
        request_id = request.request_id

        def cancel(choice: int | None) -> None:
            if request_id in self._generations and not generation.is_finished:
                self._send(Cancel(request_id, choice))
            if choice is None:
                self._generations.pop(request_id, None)

        generation = Generation(request.num_choices, cancel)
        self._generations[request_id] = generation
        self._send(Submit(request))
        return generation

    async def inspect(self) -> list[SequenceState]:
        """The state of every sequence in the engine.

        Raises:
            ModelNotAvailable: The engine is not running.
        """
        if self._ready is None:
            raise self._not_running()
        inspection: asyncio.Future[list[SequenceState]] = asyncio.Future()
        self._inspections.append(inspection)
        self._send(Inspect())
        return await inspection

    def _not_running(self) -> ModelNotAvailable:
        return ModelNotAvailable(f"the engine of model {self.name!r} is starting; try again")

    def _note_ready(self, message: bytes) -> None:
        self._ready = self._last_ready = decode_ready(message)

    def _note_end(self) -> None:
        self._fail_all("its engine stopped unexpectedly and is being restarted")

    async def _watch_timeouts(self, timeout_s: float) -> None:
        while True:
            await asyncio.sleep(timeout_s / 4)
            self._end_overdue(timeout_s)

    def _end_overdue(self, timeout_s: float) -> None:
        """Fail requests that get no token in time; kill an engine that sends no message in time.

        Requests that have finished or failed, and are not closed yet, wait for the client.
        """
        least_s = time.monotonic() - timeout_s
        waiting = [g for g in self._generations.values() if g.is_waiting]
        overdue = [g for g in waiting if g.last_token_s < least_s]
        for generation in overdue:
            message = f"the engine of model {self.name!r} brought no token for {timeout_s:g} s"
            generation.fail(AnswerTimeout(message))
        if overdue and self._last_message_s < least_s:
            _log.error("the engine of model %r does not respond; it is killed", self.name)
            self._child.kill()

    def _fail_all(self, why: str) -> None:
        """Fail everything that waits for the engine, which has ended."""
        self._ready = None
        while self._inspections:
            inspection = self._inspections.popleft()
            if not inspection.done():  # its caller may have been cancelled
                inspection.set_exception(self._not_running())
        generations, self._generations = self._generations, {}
        for generation in generations.values():
            generation.fail(ModelNotAvailable(f"model {self.name!r} cannot answer now: {why}"))

    def _send(self, message: ToEngine) -> None:
        self._child.send(encode(message))

    def _receive(self, content: bytes | bytearray) -> None:
        self._last_message_s = time.monotonic()
        match decode_from_engine(content):
            case StepDone(tokens, stats):
                self._on_step(stats)
                for token in tokens:
                    if generation := self._generations.get(token.request_id):
                        generation.deliver(token)
            case HiddenStates(request_id, rows):
                if generation := self._generations.get(request_id):
                    generation.deliver_hidden_states(rows.numpy())
            case Inspection(sequences):
                if not self._inspections[0].done():
                    self._inspections[0].set_result(sequences)
                self._inspections.popleft()
            case Refused(request_id, why, param, is_own_failure):
                if generation := self._generations.get(request_id):
                    kind = InternalError if is_own_failure else InvalidRequest
                    generation.fail(kind(why, param=param))
