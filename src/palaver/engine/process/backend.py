"""The API process's side of an engine process: start it, talk to it, start it again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from palaver.engine.process.config import EngineConfig
from palaver.engine.process.connection import Connection
from palaver.engine.process.messages import (
    Cancel,
    Failed,
    FromEngine,
    HiddenStates,
    Inspect,
    Inspection,
    Prepare,
    Ready,
    Refused,
    StepDone,
    Submit,
    ToEngine,
)
from palaver.errors import (
    AnswerTimeout,
    InternalError,
    InvalidRequest,
    ModelFolderError,
    ModelNotAvailable,
)
from palaver.generation.request import GenerationRequest, Prompt, SamplingParams
from palaver.generation.stats import SequenceState, StepStats
from palaver.generation.stream import Generation
from palaver.host import tuning
from palaver.host.child_side import TUNED, UNTUNED

_log = logging.getLogger(__name__)

_EXIT_TIMEOUT_S = 5.0
_FIRST_BACKOFF_S = 0.1
_LAST_BACKOFF_S = 10.0


class ProcessBackend:
    """One model's engine process, started again whenever it dies.

    Args:
        name: The model's name, for messages.
        config: What the process is to run.
        on_step: Called with the figures of each step.
    """

    def __init__(
        self,
        name: str,
        config: EngineConfig,
        on_step: Callable[[StepStats], None] = lambda stats: None,
    ) -> None:
        self.name = name
        self.ready: Ready | None = None
        self.num_starts = 0
        self._config = config
        self._preparation: Prepare | None = None
        self._on_step = on_step
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._generations: dict[int, Generation] = {}
        self._inspections: deque[asyncio.Future[list[SequenceState]]] = deque()
        self._num_requests = 0
        self._is_stopping = False
        self._heard_s = 0.0
        self._supervisor: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The engine's process id, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def num_requests(self) -> int:
        """Requests under way."""
        return len(self._generations)

    async def start(self) -> Ready:
        """Start the process and wait until its model is loaded.

        Raises:
            ModelFolderError: The model cannot be loaded.
        """
        ready, closed = await self._launch()
        self._supervisor = asyncio.create_task(self._supervise(closed))
        self._watch = asyncio.create_task(self._watch_silence(self._config.token_timeout_s))
        return ready

    async def stop(self) -> None:
        """End the process; requests under way fail with :class:`ModelNotAvailable`."""
        self._is_stopping = True
        for task in (self._watch, self._supervisor):
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        await self._end_process()
        self._fail_all("the server is shutting down")

    def prepare(self, stop_token_ids: tuple[int, ...]) -> None:
        """Have the process get ready for grammars, now and each time that it starts again.

        Args:
            stop_token_ids: Tokens that will end the answers.
        """
        self._preparation = Prepare(stop_token_ids)
        self._send(self._preparation)

    def generate(
        self,
        prompt: Prompt,
        params: SamplingParams,
        num_choices: int = 1,
        states: list[NDArray[np.float32]] | None = None,
    ) -> Generation:
        """Start generating; the caller closes what is returned.

        Args:
            prompt: What to read.
            params: How to draw.
            num_choices: Answers wanted.
            states: Gets what the model makes of the prompt's media, before the first token:
                arrays of ``float32[N, hidden size]``, N tokens each; ``None`` if nobody wants it.

        Raises:
            ModelNotAvailable: The engine is not running at the moment.
        """
        if self._connection is None or self.ready is None:
            raise self._not_running()
        self._num_requests += 1
        request_id = self._num_requests

        def cancel(choice: int | None) -> None:
            if request_id in self._generations and not generation.is_finished:
                self._send(Cancel(request_id, choice))
            if choice is None:
                self._generations.pop(request_id, None)

        generation = Generation(num_choices, cancel, states)
        self._generations[request_id] = generation
        wants_hidden_states = states is not None
        request = GenerationRequest(request_id, prompt, params, num_choices, wants_hidden_states)
        self._send(Submit(request))
        return generation

    async def inspect(self) -> list[SequenceState]:
        """Where every sequence in the engine stands.

        Raises:
            ModelNotAvailable: The engine is not running.
        """
        if self._connection is None or self.ready is None:
            raise self._not_running()
        inspection: asyncio.Future[list[SequenceState]] = asyncio.Future()
        self._inspections.append(inspection)
        self._send(Inspect())
        return await inspection

    def _not_running(self) -> ModelNotAvailable:
        return ModelNotAvailable(f"the engine of model {self.name!r} is starting; try again")

    async def _launch(self) -> tuple[Ready, asyncio.Event]:
        """Start a process; returns when it is ready, with an event that its end will set."""
        ours, theirs = socket.socketpair()
        config = msgspec.json.encode(self._config).decode()
        command = [
            sys.executable,
            "-m",
            "palaver.engine.process.worker",
            str(theirs.fileno()),
            config,
            TUNED if tuning.is_tuned() else UNTUNED,
        ]
        with theirs:
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        self.num_starts += 1
        loop = asyncio.get_running_loop()
        first: asyncio.Future[FromEngine] = loop.create_future()
        closed = asyncio.Event()
        _, self._connection = await loop.create_unix_connection(
            lambda: Connection(first, self._receive, closed), sock=ours
        )
        message = await first
        if isinstance(message, Ready):
            self.ready = message
            if self._preparation:
                self._send(self._preparation)
            return message, closed
        await self._end_process()
        raise ModelFolderError(message.message if isinstance(message, Failed) else str(message))

    async def _supervise(self, closed: asyncio.Event) -> None:
        while True:
            await closed.wait()
            self.ready = None
            await self._end_process()
            status = self._process.returncode if self._process else None
            _log.error("the engine of model %r ended with status %s; restarting", self.name, status)
            self._fail_all("its engine stopped unexpectedly and is being restarted")
            closed = await self._relaunch()

    async def _watch_silence(self, timeout_s: float) -> None:
        """Give up requests that get nothing, and end an engine that says nothing at all."""
        while True:
            await asyncio.sleep(timeout_s / 4)
            least_s = time.monotonic() - timeout_s
            silent = [g for g in self._generations.values() if g.heard_s < least_s]
            for generation in silent:
                message = f"the engine of model {self.name!r} brought no token for {timeout_s:g} s"
                generation.fail(AnswerTimeout(message))
            if silent and self._heard_s < least_s and self._process:
                _log.error("the engine of model %r says nothing; it is ended", self.name)
                self._process.kill()

    async def _relaunch(self) -> asyncio.Event:
        backoff_s = _FIRST_BACKOFF_S
        while True:
            try:
                _, closed = await self._launch()
            except (ModelFolderError, OSError) as error:
                _log.error("the engine of model %r does not start: %s", self.name, error)
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, _LAST_BACKOFF_S)
            else:
                _log.info("the engine of model %r is back", self.name)
                return closed

    async def _end_process(self) -> None:
        """Hang up, which ends a healthy process at once, and wait for its end."""
        if self._connection:
            self._connection.close()
            self._connection = None
        if self._process is None:
            return
        try:
            await asyncio.to_thread(self._process.wait, _EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    def _fail_all(self, why: str) -> None:
        while self._inspections:
            inspection = self._inspections.popleft()
            if not inspection.done():  # whoever asked may have gone away
                inspection.set_exception(self._not_running())
        generations, self._generations = self._generations, {}
        for generation in generations.values():
            generation.fail(ModelNotAvailable(f"model {self.name!r} cannot answer now: {why}"))

    def _send(self, message: ToEngine) -> None:
        if self._connection:
            self._connection.send(message)

    def _receive(self, message: FromEngine) -> None:
        self._heard_s = time.monotonic()
        match message:
            case StepDone(tokens, stats):
                self._on_step(stats)
                for token in tokens:
                    if generation := self._generations.get(token.request_id):
                        generation.deliver(token)
            case HiddenStates(request_id, rows):
                if generation := self._generations.get(request_id):
                    generation.deliver_states(rows.numpy())
            case Inspection(sequences):
                if not self._inspections[0].done():
                    self._inspections[0].set_result(sequences)
                self._inspections.popleft()
            case Refused(request_id, why, param, is_own_failure):
                if generation := self._generations.get(request_id):
                    kind = InternalError if is_own_failure else InvalidRequest
                    generation.fail(kind(why, param=param))
