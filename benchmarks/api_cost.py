"""What the API costs by itself: the whole HTTP service over an engine that answers at once.

``python -m benchmarks.api_cost [--seconds 8] [--profile] [--out FILE]``. The engine process is
replaced by a pretended one in the API's own process, which packs and sends the same messages;
everything else is the service as it runs. Clients in a process of their own ask without pause.
Rates are per second of the API process's own processor time: what one core can do.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import json
import pstats
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.report import report
from palaver.engine.process.backend import ProcessBackend
from palaver.engine.process.messages import (
    Cancel,
    Ready,
    StepDone,
    Submit,
    ToEngine,
    decode_from_engine,
    frame,
)
from palaver.generation.output import TokenOutput
from palaver.generation.request import GenerationRequest
from palaver.generation.stats import StepStats
from palaver.models.served import BUILT_IN_NAME
from palaver.server import Server
from palaver.settings import load_settings

KEY = "sk-palaver-benchmark"
_FIRST_TOKEN = 300
"""The pretended answer counts up from here through the built-in model's vocabulary."""
_VOCABULARY = 2000
_STREAM_TOKENS = 64
_CACHE_TOKENS = 1_000_000
_LENGTH_BYTES = 4
_STATS = StepStats(0, 8, 8, 0, 0, 0, 0, 0, 1000, 100, 10, 0.001, 0.0001)


@dataclass(slots=True)
class _Answering:
    """A request that the pretended engine works on."""

    request: GenerationRequest
    num_tokens: int = 0


class InstantEngine(ProcessBackend):
    """An engine without a process: each step gives every request its next token, at once."""

    num_made = 0
    """Tokens made so far."""

    async def start(self) -> Ready:
        """Nothing has to be loaded."""
        self._running: dict[int, _Answering] = {}
        self._connection = self  # type: ignore[assignment]  # it receives what it sends
        self.ready = Ready(vocab_size=4096, num_cache_tokens=_CACHE_TOKENS, load_s=0.0)
        return self.ready

    async def stop(self) -> None:
        """There is nothing to stop."""

    def send(self, message: ToEngine) -> None:
        """What the engine process would receive, packed as it would be."""
        frame(message)
        match message:
            case Submit(request):
                if not self._running:
                    asyncio.get_running_loop().call_soon(self._step)
                self._running[request.request_id] = _Answering(request)
            case Cancel(request_id):
                self._running.pop(request_id, None)

    def _step(self) -> None:
        tokens = [self._next(answering) for answering in list(self._running.values())]
        message = frame(StepDone(tokens, _STATS))[_LENGTH_BYTES:]
        self._receive(decode_from_engine(message))
        if self._running:
            asyncio.get_running_loop().call_soon(self._step)

    def _next(self, answering: _Answering) -> TokenOutput:
        request = answering.request
        token_id = _FIRST_TOKEN + answering.num_tokens % _VOCABULARY
        answering.num_tokens += 1
        self.num_made += 1
        is_last = answering.num_tokens == request.params.max_tokens
        if is_last:
            del self._running[request.request_id]
        return TokenOutput(request.request_id, 0, token_id, "length" if is_last else None)


def body(**fields: Any) -> dict[str, Any]:
    """A request as clients send it."""
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "What is the capital of the country with the longest coast?"},
    ]
    return {"model": BUILT_IN_NAME, "messages": messages, "temperature": 0.7, "seed": 1} | fields


CASES: dict[str, tuple[dict[str, Any], int]] = {
    "unary, 1 token, 1 client": (body(max_tokens=1), 1),
    "unary, 1 token, 16 clients": (body(max_tokens=1), 16),
    "streamed, 64 tokens, 1 client": (body(max_tokens=_STREAM_TOKENS, stream=True), 1),
    "streamed, 64 tokens, 16 clients": (body(max_tokens=_STREAM_TOKENS, stream=True), 16),
    "streamed, 64 tokens, 64 clients": (body(max_tokens=_STREAM_TOKENS, stream=True), 64),
}
"""The request of each case and the clients that send it."""


class ServerThread(threading.Thread):
    """The service over an :class:`InstantEngine`, in a thread of its own.

    Attributes:
        profile: What the thread spends its time on, if it is to be known.
    """

    def __init__(self, data_dir: Path, *, is_profiled: bool) -> None:
        super().__init__(daemon=True)
        self._ready = threading.Event()
        settings = load_settings({"data_dir": data_dir, "port": 0, "api_key": KEY}, {})
        self.server = Server(settings, on_ready=self._ready.set)
        model = self.server.registry.get(BUILT_IN_NAME)
        self.engine = InstantEngine(
            model.name, model.engine._config, self.server.metrics.step_observer(model.name)
        )
        model.engine = self.engine
        self.profile = cProfile.Profile() if is_profiled else None

    def run(self) -> None:
        """Serve until the process ends."""
        with self.profile or contextlib.nullcontext():
            self.server.run()

    def wait_until_ready(self) -> None:
        """Return once it answers."""
        if not self._ready.wait(timeout=30):
            raise TimeoutError("the server does not start")

    def stop(self) -> None:
        """End it."""
        self.server.stop()
        self.join(timeout=10)


@contextlib.contextmanager
def running(*, is_profiled: bool) -> Iterator[ServerThread]:
    """The service, ready."""
    with tempfile.TemporaryDirectory() as data_dir:
        thread = ServerThread(Path(data_dir), is_profiled=is_profiled)
        thread.start()
        thread.wait_until_ready()
        try:
            yield thread
        finally:
            thread.stop()


def measure(
    thread: ServerThread, request: dict[str, Any], num_clients: int, seconds: float
) -> dict[str, Any]:
    """The figures of one case."""
    command = [sys.executable, "-m", "benchmarks.api_client", thread.server.url, KEY]
    with subprocess.Popen(
        [*command, json.dumps(request), str(num_clients), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not thread.engine.num_made:
            time.sleep(0.05)
        begin_s, begin_cpu_s, before = time.perf_counter(), time.process_time(), _made(thread)
        time.sleep(seconds)
        cpu_s, wall_s = time.process_time() - begin_cpu_s, time.perf_counter() - begin_s
        num_tokens = _made(thread) - before
        figures = json.loads(process.communicate()[0])
    thread.engine.num_made = 0
    return {
        "answers per core second": round(num_tokens / request["max_tokens"] / cpu_s),
        "tokens per core second": round(num_tokens / cpu_s),
        "share of a core": round(cpu_s / wall_s, 2),
        "first byte, median ms": figures["first_byte_ms"],
    }


def _made(thread: ServerThread) -> int:
    return thread.engine.num_made


def show_profile(profile: cProfile.Profile, num_lines: int) -> None:
    """What the server's thread spent its time on."""
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(num_lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each case")
    parser.add_argument("--case", action="append", help="only cases that contain this; repeatable")
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures = {}
    with running(is_profiled=options.profile) as thread:
        for name, (request, num_clients) in CASES.items():
            if not options.case or any(part in name for part in options.case):
                figures[name] = measure(thread, request, num_clients, options.seconds)
    if thread.profile:
        show_profile(thread.profile, 45)
    report({"machine": describe_machine(), "figures": figures}, options.out)


if __name__ == "__main__":
    main()
