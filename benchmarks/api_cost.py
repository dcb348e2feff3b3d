"""The cost of the API alone: the whole HTTP service over a backend that answers at once.

``python -m benchmarks.api_cost [--seconds 8] [--profile] [--out FILE]``. The engine process is
replaced by a scripted backend in the API process; everything else is the real service. Clients in a
separate process send requests without pause. Rates are per second of the API process's processor
time, that is, what one core can do.
"""

from __future__ import annotations

import argparse
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
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.report import report
from palaver.generation.request import GenerationRequest
from palaver.host import tuning
from palaver.models.catalogue import BUILT_IN_NAME
from palaver.server import Server
from palaver.settings import load_settings
from palaver.testing import ScriptedBackend, Step, Token

KEY = "sk-palaver-benchmark"
_FIRST_TOKEN = 300
"""The scripted answer counts up from here through the built-in model's vocabulary."""
_VOCABULARY = 2000
_STREAM_TOKENS = 64


class Counted:
    """A script that gives every request its next token at once, and counts the tokens.

    Attributes:
        num_made: Tokens made so far.
    """

    def __init__(self) -> None:
        self.num_made = 0

    def __call__(self, request: GenerationRequest) -> Iterator[Step]:
        """The tokens for a request, up to its ``max_tokens``."""
        for place in range(request.params.max_tokens):
            self.num_made += 1
            yield Token(_FIRST_TOKEN + place % _VOCABULARY)


def body(**fields: Any) -> dict[str, Any]:
    """The body of a request."""
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
"""The request of each case, and the number of clients."""


class ServerThread(threading.Thread):
    """The service over a script, in a thread of its own.

    Attributes:
        profile: The profile of the thread, if it is profiled.
    """

    def __init__(self, data_dir: Path, *, is_profiled: bool) -> None:
        super().__init__(daemon=True)
        self._ready = threading.Event()
        settings = load_settings({"data_dir": data_dir, "port": 0, "api_key": KEY}, {})
        self.script = Counted()
        self.server = Server(
            settings,
            make_backend=lambda card, files: ScriptedBackend(self.script),
            on_ready=self._note_ready,
        )
        self.profile = cProfile.Profile() if is_profiled else None

    def run(self) -> None:
        """Serve until the process ends."""
        tuning.tune_server_process()  # as the owner of the process, which the command is otherwise
        with self.profile or contextlib.nullcontext():
            self.server.run()

    def _note_ready(self) -> None:
        tuning.freeze_start_up()
        self._ready.set()

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
    """The running service."""
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
        while not thread.script.num_made:
            time.sleep(0.05)
        begin_s, begin_cpu_s, before = time.perf_counter(), time.process_time(), _made(thread)
        time.sleep(seconds)
        cpu_s, wall_s = time.process_time() - begin_cpu_s, time.perf_counter() - begin_s
        num_tokens = _made(thread) - before
        figures = json.loads(process.communicate()[0])
    thread.script.num_made = 0
    return {
        "answers per core second": round(num_tokens / request["max_tokens"] / cpu_s),
        "tokens per core second": round(num_tokens / cpu_s),
        "share of a core": round(cpu_s / wall_s, 2),
        "first byte, median ms": figures["first_byte_ms"],
    }


def _made(thread: ServerThread) -> int:
    return thread.script.num_made


def show_profile(profile: cProfile.Profile, num_lines: int) -> None:
    """Print the functions in which the server's thread spent most time."""
    pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(num_lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each case")
    parser.add_argument("--case", action="append", help="only cases that contain this; repeatable")
    parser.add_argument("--profile", action="store_true", help="also print a profile of the server")
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
