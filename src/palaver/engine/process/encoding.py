"""Encoding of images, video and audio in a thread, while the engine steps."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import LRUCache

from palaver.engine.process.config import DEFAULT_ENCODER_CACHE_BYTES
from palaver.generation.request import GenerationRequest, PlaceholderRange
from palaver.host import tuning
from palaver.runtime.base import Encoder, Features


@dataclass(slots=True)
class Encoding:
    """A request whose media are being encoded.

    Attributes:
        request: The request.
        features: Features of the first placeholder ranges, as far as they are encoded.
        error: The failure; the remaining media are not encoded then.
        is_cancelled: Whether the request was cancelled.
    """

    request: GenerationRequest
    features: list[Features] = field(default_factory=list)
    error: Exception | None = None
    is_cancelled: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.error is not None or len(self.features) == len(self.request.prompt.placeholders)


class MediaEncoder:
    """Encodes the media of requests in a thread of its own, round robin: one chunk of each request.

    An image therefore waits for one pair of frames of a long video, not for all of it. Running
    streams are slowed down only by the processor time that the thread takes.

    Args:
        encoder: The model's encoders; called only from this object's thread.
        on_done: Called in that thread with every request that was not cancelled.
        cache_bytes: Size of the cache of features; the least recently used ones are dropped first.
    """

    def __init__(
        self,
        encoder: Encoder,
        on_done: Callable[[Encoding], None],
        cache_bytes: int = DEFAULT_ENCODER_CACHE_BYTES,
    ) -> None:
        self._encoder = encoder
        self._on_done = on_done
        self._cache: LRUCache[bytes, Features] = LRUCache(cache_bytes, lambda f: f.num_bytes)
        self._queue: deque[Encoding] = deque()
        self._under_way: dict[int, Encoding] = {}
        self._wakeup = threading.Condition()
        threading.Thread(target=self._run, daemon=True, name="media encoder").start()

    def add(self, request: GenerationRequest) -> None:
        """Queue a request's media."""
        with self._wakeup:
            self._under_way[request.request_id] = Encoding(request)
            self._queue.append(self._under_way[request.request_id])
            self._wakeup.notify()

    def cancel(self, request_id: int) -> None:
        """Stop encoding for a request; unknown ids are no error."""
        with self._wakeup:
            if encoding := self._under_way.pop(request_id, None):
                encoding.is_cancelled = True

    def _run(self) -> None:
        tuning.tune_background_thread()
        while True:
            encoding = self._next()
            self._advance(encoding)
            with self._wakeup:
                if encoding.is_cancelled:
                    continue
                if not encoding.is_done:
                    self._queue.append(encoding)
                    continue
                del self._under_way[encoding.request.request_id]
            self._on_done(encoding)

    def _next(self) -> Encoding:
        with self._wakeup:
            while True:
                while self._queue:
                    encoding = self._queue.popleft()
                    if not encoding.is_cancelled:
                        return encoding
                self._wakeup.wait()

    def _advance(self, encoding: Encoding) -> None:
        """Take cached chunks, and encode the next one that is not cached."""
        placeholders = encoding.request.prompt.placeholders
        try:
            while len(encoding.features) < len(placeholders):
                placeholder = placeholders[len(encoding.features)]
                cached = self._cache.get(placeholder.content_hash)
                encoding.features.append(cached or self._encode(placeholder))
                if cached is None:
                    return
        except Exception as error:
            encoding.error = error

    def _encode(self, placeholder: PlaceholderRange) -> Features:
        assert placeholder.content is not None, "a placeholder came without its content"
        features = self._encoder.encode(
            placeholder.kind, placeholder.content.numpy(), placeholder.num_tokens
        )
        if len(features.rows) != placeholder.num_tokens:
            raise ValueError(f"{len(features.rows)} embeddings instead of {placeholder.num_tokens}")
        if features.num_bytes <= self._cache.maxsize:
            self._cache[placeholder.content_hash] = features
        return features
