"""The interface of what generates tokens: an engine process, a cluster, or a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState
from palaver.generation.stream import Generation
from palaver.multimodal.media import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do; a request that needs more is refused before it is sent.

    Attributes:
        grammars: Whether answers can be constrained by grammars.
        media: The kinds of media that it takes.
        logprobs: Whether it reports log probabilities of the model's own distribution.
        exact_seeds: Whether the same request with the same seed gives the same tokens, whatever
            other requests run.
        hidden_states: Whether it reports the hidden states of media, which a talker needs.
        scripts: Whether it plays scripts of requests.
    """

    grammars: bool
    media: frozenset[Kind]
    logprobs: bool
    exact_seeds: bool
    hidden_states: bool
    scripts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How much a backend can hold, known once it is ready.

    Attributes:
        vocab_size: Size of the vocabulary.
        num_cache_tokens: Tokens that prompt and answer of one request may have together.
        load_s: Seconds that loading took.
    """

    vocab_size: int
    num_cache_tokens: int
    load_s: float


class Backend(Protocol):
    """Turns prompts into tokens: a local process, a remote cluster, or a script in a test.

    It belongs to one model. After :meth:`start` it may lose its capacity and get it back, as when
    an engine is restarted.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do; final once it is ready."""

    @property
    def capacity(self) -> Capacity | None:
        """How much it can hold; ``None`` while it cannot generate."""

    @property
    def num_requests(self) -> int:
        """Number of requests in progress."""

    async def start(self) -> Capacity:
        """Make it ready.

        Raises:
            ModelFolderError: The model cannot be loaded.
            StartTimeout: It did not become ready in time.
        """

    async def stop(self) -> None:
        """End it; requests in progress fail with :class:`ModelNotAvailable`."""

    def generate(self, request: GenerationRequest) -> Generation:
        """Start generating; the caller closes what is returned.

        Raises:
            ModelNotAvailable: It cannot generate at the moment.
            InvalidRequest: The request has a script, which it does not play.
        """

    async def inspect(self) -> list[SequenceState]:
        """The state of each choice of each request.

        Raises:
            ModelNotAvailable: It cannot answer at the moment.
        """
