"""The engine's process, tested over its socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from palaver.engine.engine import Engine
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.engine.process.config import EngineConfig
from palaver.engine.process.messages import (
    Cancel,
    FromEngine,
    Ready,
    Refused,
    StepDone,
    Submit,
    decode_from_engine,
    decode_ready,
    encode,
)
from palaver.engine.process.worker import Worker
from palaver.generation.output import TokenOutput
from palaver.generation.request import (
    Array,
    GenerationRequest,
    Grammar,
    PlaceholderRange,
    Prompt,
    SamplingParams,
)
from palaver.host.child_side import FAILED, READY, UNTUNED, Parent
from palaver.host.frames import LENGTH, frame
from palaver.runtime import RuntimeConfig
from palaver.runtime.base import Features
from palaver.runtime.fake import FakeEncoder, FakeRuntime
from tests.engine.conversations import request, token_ids

_FAKE = RuntimeConfig(folder="", cache_bytes=0, kind="fake")
_TIMEOUT_S = 30


class Child:
    """An engine process and this side of its socket."""

    def __init__(self, runtime: RuntimeConfig) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(_TIMEOUT_S)
        config = msgspec.json.encode(EngineConfig(runtime=runtime)).decode()
        command = [sys.executable, "-m", "palaver.engine.process.worker", str(theirs.fileno())]
        command += [str(os.getpid()), UNTUNED, config]
        with theirs:
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stderr=subprocess.DEVNULL
            )
        self._stream = self.socket.makefile("rb")

    def send(self, message: Submit | Cancel) -> None:
        self.socket.sendall(frame(encode(message)))

    def receive_bytes(self) -> bytes:
        (length,) = LENGTH.unpack(self._stream.read(LENGTH.size))
        return self._stream.read(length)

    def receive(self) -> FromEngine:
        message: FromEngine = decode_from_engine(self.receive_bytes())
        return message

    def receive_ready(self) -> Ready:
        """Its ready message."""
        message = self.receive_bytes()
        assert message[:1] == READY
        return decode_ready(message[1:])

    def tokens_of(self, request_id: int) -> list[TokenOutput]:
        """Its tokens up to the last one."""
        tokens: list[TokenOutput] = []
        while not tokens or not tokens[-1].finish:
            message = self.receive()
            assert isinstance(message, StepDone)
            tokens += [token for token in message.tokens if token.request_id == request_id]
        return tokens

    def hang_up(self) -> None:
        self._stream.close()
        self.socket.close()

    def has_ended(self) -> bool:
        self.process.wait(_TIMEOUT_S)
        return True


@contextmanager
def _child(runtime: RuntimeConfig = _FAKE) -> Iterator[Child]:
    child = Child(runtime)
    try:
        yield child
    finally:
        child.hang_up()
        child.process.kill()
        child.process.wait()


@contextmanager
def _ready_child() -> Iterator[Child]:
    with _child() as child:
        child.receive_ready()
        yield child


def test_the_first_message_says_what_was_loaded() -> None:
    with _child() as child:
        ready = child.receive_ready()
    assert (ready.vocab_size, ready.num_cache_tokens) == (64, 4096)
    assert ready.has_hidden_states
    assert ready.media_kinds == ("audio", "image", "video")


def test_a_worker_that_cannot_load_its_folder_says_why_and_ends(tmp_path: Path) -> None:
    with _child(RuntimeConfig(folder=str(tmp_path), cache_bytes=2**20)) as child:
        failed = child.receive_bytes().decode()
        assert failed[:1] == FAILED.decode()
        assert "openvino_model.xml" in failed
        assert str(tmp_path) in failed
        assert child.has_ended()


def test_a_request_too_large_for_the_cache_is_refused_and_the_next_one_served() -> None:
    with _ready_child() as child:
        child.send(Submit(request(1, token_ids(10), max_tokens=10_000)))
        refused = child.receive()
        assert isinstance(refused, Refused)
        assert refused.request_id == 1
        assert "4096" in refused.message
        child.send(Submit(request(2, token_ids(10), max_tokens=3)))
        assert len(child.tokens_of(2)) == 3


def test_a_cancelled_request_gives_no_more_tokens() -> None:
    with _ready_child() as child:
        child.send(Submit(request(1, token_ids(10), max_tokens=4000)))
        assert isinstance(child.receive(), StepDone)
        child.send(Cancel(1))
        child.send(Submit(request(2, token_ids(10), max_tokens=50)))
        steps: list[list[int]] = []
        while not any(2 in step for step in steps):
            message = child.receive()
            assert isinstance(message, StepDone)
            steps.append([token.request_id for token in message.tokens])
        assert 1 not in steps[-1]
        assert {token.request_id for token in child.tokens_of(2)} == {2}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_ignores_signals_that_the_server_handles(
    number: signal.Signals,
) -> None:
    with _ready_child() as child:
        child.process.send_signal(number)
        child.send(Submit(request(1, token_ids(10), max_tokens=3)))
        assert len(child.tokens_of(1)) == 3


def test_an_idle_worker_ends_when_the_server_closes_the_connection() -> None:
    with _ready_child() as child:
        child.hang_up()
        assert child.has_ended()


def test_a_busy_worker_ends_when_the_server_closes_the_connection() -> None:
    with _ready_child() as child:
        child.send(Submit(request(1, token_ids(10), max_tokens=4000)))
        assert isinstance(child.receive(), StepDone)
        child.hang_up()
        assert child.has_ended()


def test_a_worker_ends_when_the_server_dies_with_tokens_unread() -> None:
    with _ready_child() as child:
        child.send(Submit(request(1, token_ids(10), max_tokens=1)))
        assert child.socket.recv(1, socket.MSG_PEEK)
        child.hang_up()  # with unread data, the other side sees a reset
        assert child.has_ended()


@pytest.mark.parametrize("num_bytes", [2, LENGTH.size, LENGTH.size + 5])
def test_a_worker_ends_when_the_server_dies_in_the_middle_of_a_message(num_bytes: int) -> None:
    with _ready_child() as child:
        child.socket.sendall(frame(encode(Submit(request(1, token_ids(10)))))[:num_bytes])
        child.hang_up()
        assert child.has_ended()


class _Panics(BaseException):
    """An error of a native library, which is no :class:`Exception`."""


def test_a_grammar_that_crashes_the_library_is_refused_without_affecting_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def panic(*arguments: object) -> None:
        raise _Panics

    monkeypatch.setattr(GrammarCompiler, "compile", panic)
    ours, theirs = socket.socketpair()
    compiler = GrammarCompiler("", 64)
    worker = Worker(Parent(theirs, is_tuned=False), Engine(FakeRuntime(num_blocks=64)), compiler)
    grammar = Grammar("start: /a/", "response_format")
    with ours, theirs:
        worker._apply(Submit(request(1, token_ids(10), grammar=grammar)))
        worker._take_messages()
        (length,) = LENGTH.unpack(ours.recv(LENGTH.size))
        refused = decode_from_engine(ours.recv(length))
    assert isinstance(refused, Refused)
    assert (refused.request_id, refused.param) == (1, None)


class _BrokenEncoder(FakeEncoder):
    def encode(self, *_: object) -> Features:
        raise RuntimeError("tensor 0x5f has lost its memory")


def test_an_encoder_that_fails_is_not_the_clients_fault() -> None:
    ours, theirs = socket.socketpair()
    compiler = GrammarCompiler("", 64)
    worker = Worker(
        Parent(theirs, is_tuned=False),
        Engine(FakeRuntime(num_blocks=64)),
        compiler,
        _BrokenEncoder(),
    )
    image = PlaceholderRange(0, 3, "image", b"1", Array.of(np.zeros(1, dtype=np.uint8)))
    prompt = Prompt([5, 5, 5], [image], Array.of(np.zeros((3, 3), dtype=np.int32)))
    with ours, theirs:
        worker._apply(Submit(GenerationRequest(1, prompt, SamplingParams(max_tokens=1, seed=1))))
        worker._apply(worker._inbox.get(timeout=_TIMEOUT_S))
        (length,) = LENGTH.unpack(ours.recv(LENGTH.size))
        refused = decode_from_engine(ours.recv(length))
    assert isinstance(refused, Refused)
    assert refused.is_own_failure
    assert "0x5f" not in refused.message, "which the log has"
