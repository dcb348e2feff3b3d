"""Answers are the same alone and among concurrent requests of any kind."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conformance.answers import Answer, Answers, send
from tests.conformance.recording import COMPLETIONS_PATH, Recording, load
from tests.server import NO_END, RunningServer, chat

NUM_OTHERS = 15
RECORDINGS = load()
CROWD = [recording for recording in RECORDINGS if recording.is_completion]
ROWS = sorted({row for recording in RECORDINGS for row in recording.rows})
TEXT_ROWS = {f"S{row:02}" for row in (*range(1, 8), *range(12, 31), *range(37, 47), 52)}
"""The rows of which at least one request is repeated; S50 has a test of its own."""


@pytest.fixture(scope="module")
def crowded_client(server: RunningServer) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    with server.client(limits=limits) as client:
        yield client


def ask_at_once(client: httpx.Client, recordings: list[Recording]) -> list[Answer]:
    """The answers to requests that are all sent at the same moment."""
    barrier = threading.Barrier(len(recordings))

    def ask(recording: Recording) -> Answer:
        barrier.wait()
        return send(client, recording)

    with ThreadPoolExecutor(len(recordings)) as pool:
        return list(pool.map(ask, recordings))


@pytest.mark.spec("S19")
@pytest.mark.parametrize("row", [pytest.param(row, marks=pytest.mark.spec(row)) for row in ROWS])
def test_a_request_of_each_row_is_answered_alike_alone_and_among_fifteen_others(
    answers: Answers, crowded_client: httpx.Client, row: str
) -> None:
    of_row = [recording for recording in RECORDINGS if row in recording.rows]
    chosen = next((recording for recording in of_row if recording in CROWD), of_row[0])
    others = random.Random(row).sample([r for r in CROWD if r != chosen], NUM_OTHERS)
    asked = [chosen, *others]
    alone = [answers.of(recording).comparable() for recording in asked]
    together = [answer.comparable() for answer in ask_at_once(crowded_client, asked)]
    different = [r.name for r, a, b in zip(asked, alone, together, strict=True) if a != b]
    assert not different


def test_there_is_a_request_for_every_row_of_the_text_interface() -> None:
    assert set(ROWS) >= TEXT_ROWS


@pytest.mark.spec("S50")
@pytest.mark.spec("S19")
def test_a_client_that_disconnects_changes_no_other_answer_and_leaves_nothing_running(
    answers: Answers, crowded_client: httpx.Client
) -> None:
    others = random.Random("S50").sample(CROWD, NUM_OTHERS)
    alone = [answers.of(recording).comparable() for recording in others]
    endless = chat("Tell me a story.", stream=True, max_tokens=3000, n=3, logit_bias=NO_END)
    with (
        ThreadPoolExecutor(1) as pool,
        crowded_client.stream(
            "POST", COMPLETIONS_PATH, json=endless | {"temperature": 1}
        ) as leaving,
    ):
        lines = leaving.iter_lines()  # kept, since collecting it closes the stream
        next(lines)
        together = pool.submit(ask_at_once, crowded_client, others)
        next(lines)
        leaving.close()
        assert [answer.comparable() for answer in together.result()] == alone
    assert is_idle_soon(crowded_client)


def is_idle_soon(client: httpx.Client, timeout_s: float = 10) -> bool:
    """Whether the engine becomes idle within a few seconds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if client.get("/debug/engines").json()["palaver/tiny"] == []:
            return True
        time.sleep(0.02)
    return False
