"""Images, video and sound on their way through the encoders, beside the engine's steps."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from palaver.engine.process.config import DEFAULT_ENCODER_CACHE_BYTES
from palaver.generation.request import GenerationRequest, Span
from palaver.host import tuning
from palaver.runtime.base import Encoder, Features


@dataclass(slots=True)
class Encoding:
    """A request whose media are being encoded.

    Attributes:
        request: Whose they are.
        features: Of the first spans, as far as they are done.
        error: What went wrong; the rest is not tried then.
        is_forgotten: Nobody waits for it any more.
    """

    request: GenerationRequest
    features: list[Features] = field(default_factory=list)
    error: Exception | None = None
    is_forgotten: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.error is not None or len(self.features) == len(self.request.prompt.spans)


class FeatureCache:
    """Features by what they were made of; those used longest ago go first.

    Args:
        max_bytes: Memory that they may take.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._features: OrderedDict[bytes, Features] = OrderedDict()
        self.num_bytes = 0

    def get(self, content_hash: bytes) -> Features | None:
        """The features of a piece, if they are still here."""
        if content_hash in self._features:
            self._features.move_to_end(content_hash)
        return self._features.get(content_hash)

    def put(self, content_hash: bytes, features: Features) -> None:
        """Keep features for whoever sends the same piece again."""
        if content_hash in self._features:
            return
        self._features[content_hash] = features
        self.num_bytes += features.num_bytes
        while self.num_bytes > self._max_bytes:
            _, oldest = self._features.popitem(last=False)
            self.num_bytes -= oldest.num_bytes


class MediaEncoder:
    """Encodes the media of requests in a thread of its own, one piece of each request in turn.

    A long video so delays an image by one pair of frames, and running streams by no more than the
    processor time that both have to share.

    Args:
        encoder: Only this object's thread calls it.
        on_done: Called in that thread with every request that was not forgotten.
        cache_bytes: Memory for features that may be wanted again.
    """

    def __init__(
        self,
        encoder: Encoder,
        on_done: Callable[[Encoding], None],
        cache_bytes: int = DEFAULT_ENCODER_CACHE_BYTES,
    ) -> None:
        self._encoder = encoder
        self._on_done = on_done
        self._cache = FeatureCache(cache_bytes)
        self._turns: deque[Encoding] = deque()
        self._known: dict[int, Encoding] = {}
        self._wakeup = threading.Condition()
        threading.Thread(target=self._run, daemon=True, name="media encoder").start()

    def add(self, request: GenerationRequest) -> None:
        """Begin with a request's media, in turn with those of others."""
        with self._wakeup:
            self._known[request.request_id] = Encoding(request)
            self._turns.append(self._known[request.request_id])
            self._wakeup.notify()

    def forget(self, request_id: int) -> None:
        """Stop with a request; it is no error if nothing of it is under way."""
        with self._wakeup:
            if encoding := self._known.pop(request_id, None):
                encoding.is_forgotten = True

    def _run(self) -> None:
        tuning.tune_background_thread()
        while True:
            encoding = self._next()
            self._advance(encoding)
            with self._wakeup:
                if encoding.is_forgotten:
                    continue
                if not encoding.is_done:
                    self._turns.append(encoding)
                    continue
                del self._known[encoding.request.request_id]
            self._on_done(encoding)

    def _next(self) -> Encoding:
        with self._wakeup:
            while True:
                while self._turns:
                    encoding = self._turns.popleft()
                    if not encoding.is_forgotten:
                        return encoding
                self._wakeup.wait()

    def _advance(self, encoding: Encoding) -> None:
        """Encode the next piece that is not known yet, and take those that are."""
        spans = encoding.request.prompt.spans
        try:
            while len(encoding.features) < len(spans):
                span = spans[len(encoding.features)]
                known = self._cache.get(span.content_hash)
                encoding.features.append(known or self._encode(span))
                if known is None:
                    return
        except Exception as error:
            encoding.error = error

    def _encode(self, span: Span) -> Features:
        assert span.content is not None, "a span came without its content"
        features = self._encoder.encode(span.kind, span.content.numpy(), span.num_tokens)
        if len(features.rows) != span.num_tokens:
            raise ValueError(f"{len(features.rows)} embeddings instead of {span.num_tokens}")
        self._cache.put(span.content_hash, features)
        return features
