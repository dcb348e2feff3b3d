"""Media are encoded concurrently with steps: round robin, once, and not for cancelled requests."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import numpy as np
import pytest
from numpy.typing import NDArray

from palaver.engine.process.encoding import Encoding, MediaEncoder
from palaver.generation.request import (
    Array,
    GenerationRequest,
    PlaceholderRange,
    Prompt,
    SamplingParams,
)
from palaver.host import tuning
from palaver.host.time_slices import take_short_slices
from palaver.multimodal.media import Kind
from palaver.runtime.base import Features
from tests.host.slices import slice_ns

TIMEOUT_S = 10


class SlowEncoder:
    """Encodes a chunk whenever the test allows it."""

    def __init__(self, num_tokens: int | None = None) -> None:
        self.may_go = threading.Semaphore(0)
        self.begun: SimpleQueue[int] = SimpleQueue()
        self._num_tokens = num_tokens

    def encode(
        self, kind: Kind, content: NDArray[np.uint8] | NDArray[np.float32], num_tokens: int
    ) -> Features:
        self.begun.put(int(content[0]))
        assert self.may_go.acquire(timeout=TIMEOUT_S)
        rows = np.full((self._num_tokens or num_tokens, 4), content[0], dtype=np.float32)
        return Features(rows, None)


def request(request_id: int, *contents: int) -> GenerationRequest:
    placeholders = [
        PlaceholderRange(i, 1, "image", bytes([value]), Array.of(np.array([value], dtype=np.uint8)))
        for i, value in enumerate(contents)
    ]
    prompt = Prompt([5] * (len(contents) + 1), placeholders)
    return GenerationRequest(request_id, prompt, SamplingParams(max_tokens=1, seed=0))


def started(
    encoder: SlowEncoder, cache_bytes: int = 2**20
) -> tuple[MediaEncoder, SimpleQueue[Encoding]]:
    done: SimpleQueue[Encoding] = SimpleQueue()
    return MediaEncoder(encoder, done.put, cache_bytes), done


def test_requests_are_encoded_round_robin_chunk_by_chunk() -> None:
    encoder = SlowEncoder()
    media, done = started(encoder)
    media.add(request(1, 10, 11, 12))
    assert encoder.begun.get(timeout=TIMEOUT_S) == 10
    media.add(request(2, 20))
    encoder.may_go.release(4)
    assert done.get(timeout=TIMEOUT_S).request.request_id == 2
    last = done.get(timeout=TIMEOUT_S)
    assert [int(f.rows[0, 0]) for f in last.features] == [10, 11, 12]
    assert [encoder.begun.get(timeout=TIMEOUT_S) for _ in range(3)] == [20, 11, 12]


def test_encoding_leaves_short_time_slices_to_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning._Process, "is_tuned", True)
    slices: list[int | None] = []

    class Observer(SlowEncoder):
        def encode(
            self, kind: Kind, content: NDArray[np.uint8] | NDArray[np.float32], num_tokens: int
        ) -> Features:
            slices.append(slice_ns(threading.get_native_id()))
            return super().encode(kind, content, num_tokens)

    def start() -> None:
        take_short_slices(are_inherited=True)
        encoder = Observer()
        encoder.may_go.release()
        media, done = started(encoder)
        media.add(request(1, 10))
        assert done.get(timeout=TIMEOUT_S).is_done

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert slices == [slice_ns(threading.get_native_id())]


def test_the_same_chunk_is_encoded_once() -> None:
    encoder = SlowEncoder()
    media, done = started(encoder)
    encoder.may_go.release(3)
    media.add(request(1, 10, 10, 11))
    media.add(request(2, 11, 10))
    first, second = done.get(timeout=TIMEOUT_S), done.get(timeout=TIMEOUT_S)
    values = [[int(f.rows[0, 0]) for f in e.features] for e in (first, second)]
    assert sorted(values) == [[10, 10, 11], [11, 10]]
    assert encoder.begun.qsize() == 2


def test_encoding_stops_for_a_cancelled_request() -> None:
    encoder = SlowEncoder()
    media, done = started(encoder)
    media.add(request(1, 10, 11, 12))
    assert encoder.begun.get(timeout=TIMEOUT_S) == 10
    media.cancel(1)
    media.add(request(2, 20))
    encoder.may_go.release(4)
    assert done.get(timeout=TIMEOUT_S).request.request_id == 2
    assert encoder.begun.get(timeout=TIMEOUT_S) == 20
    assert done.empty()


def test_an_encoder_that_fails_is_reported() -> None:
    encoder = SlowEncoder(num_tokens=7)
    media, done = started(encoder)
    encoder.may_go.release(1)
    media.add(request(1, 10))
    assert "7 embeddings instead of 1" in str(done.get(timeout=TIMEOUT_S).error)


def _encoded(encoder: SlowEncoder, media: MediaEncoder, done: SimpleQueue[Encoding]) -> list[int]:
    """The chunks that were encoded for requests of one chunk each: 10, 11, 12, 10, 13, 11, 10."""
    encoder.may_go.release(7)
    for request_id, value in enumerate([10, 11, 12, 10, 13, 11, 10]):
        media.add(request(request_id, value))
        assert int(done.get(timeout=TIMEOUT_S).features[0].rows[0, 0]) == value
    return [encoder.begun.get() for _ in range(encoder.begun.qsize())]


def test_the_least_recently_used_features_are_dropped_first() -> None:
    encoder = SlowEncoder()
    media, done = started(encoder, cache_bytes=3 * 16)
    assert _encoded(encoder, media, done) == [10, 11, 12, 13, 11]


def test_features_larger_than_the_cache_are_used_but_not_kept() -> None:
    encoder = SlowEncoder()
    media, done = started(encoder, cache_bytes=15)
    assert _encoded(encoder, media, done) == [10, 11, 12, 10, 13, 11, 10]
