"""Images, video and audio on their way through the encoders, while the engine steps."""

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
        request: Whose they are.
        features: Of the first placeholders, as far as they are done.
        error: What went wrong; the rest is not tried then.
        is_cancelled: Whether its result is not wanted any more.
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
    """Encodes the media of requests in a thread of its own, round robin: one piece of each request.

    A long video so delays an image by one pair of frames, and running streams by no more than the
    processor time that both have to share.

    Args:
        encoder: Only this object's thread calls it.
        on_done: Called in that thread with every request that was not cancelled.
        cache_bytes: Memory for features that may be wanted again; those used longest ago go first.
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
        """Begin with a request's media."""
        with self._wakeup:
            self._under_way[request.request_id] = Encoding(request)
            self._queue.append(self._under_way[request.request_id])
            self._wakeup.notify()

    def cancel(self, request_id: int) -> None:
        """Stop with a request; it is no error if nothing of it is under way."""
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
        """Encode the next piece that is not cached, and take those that are."""
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
