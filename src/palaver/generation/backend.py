"""The seam behind which something generates: an engine process, a cluster, or a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from palaver.generation.request import GenerationRequest
from palaver.generation.stats import SequenceState
from palaver.generation.stream import Generation
from palaver.multimodal.media import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do; a request that needs more is refused before it gets there.

    Attributes:
        grammars: Whether an answer can be held to a grammar.
        media: The kinds of media that it takes beside text.
        logprobs: Whether it reports log probabilities of the model's own distribution.
        exact_seeds: Whether the same request with the same seed gives the same tokens, whatever
            else runs.
        hidden_states: Whether it reports the hidden states of media, which a talker needs.
        scripts: Whether it says what a request's script says.
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
        vocab_size: Tokens that the model tells apart.
        num_cache_tokens: Tokens that prompt and answer of one request may have together.
        load_s: Seconds that loading took.
    """

    vocab_size: int
    num_cache_tokens: int
    load_s: float


class Backend(Protocol):
    """Turns prompts into tokens: a process here, a cluster elsewhere, a script in a test.

    It belongs to one model. After :meth:`start` it may lose its capacity and get it back, as an
    engine does that is started again.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do; final once it is ready."""

    @property
    def capacity(self) -> Capacity | None:
        """How much it can hold; ``None`` while it cannot generate."""

    @property
    def num_requests(self) -> int:
        """Requests under way."""

    async def start(self) -> Capacity:
        """Make it ready.

        Raises:
            ModelFolderError: The model cannot be loaded.
            StartTimeout: It did not become ready in time.
        """

    async def stop(self) -> None:
        """End it; requests under way fail with :class:`ModelNotAvailable`."""

    def generate(self, request: GenerationRequest) -> Generation:
        """Start generating; the caller closes what is returned.

        Raises:
            ModelNotAvailable: It cannot generate at the moment.
        """

    async def inspect(self) -> list[SequenceState]:
        """Where each choice of each request stands.

        Raises:
            ModelNotAvailable: It cannot tell at the moment.
        """
