"""One model of a server: its card, its files, the backend that generates, and its state."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AbstractContextManager

from palaver.chat.model import ChatModel
from palaver.errors import ModelNotAvailable
from palaver.generation.backend import Backend
from palaver.models.card import ModelCard
from palaver.models.files import ModelFiles
from palaver.models.lifecycle import Lifecycle, State

_COMING = (State.ABSENT, State.LOADING)
"""States before a model is ready, while the server starts."""


class Model:
    """A model that can be loaded and unloaded.

    Args:
        card: Its listed properties.
        files: Its files.
        backend: Generates its tokens.
        family: The family whose format it uses; found by its template if not given.
    """

    def __init__(
        self, card: ModelCard, files: ModelFiles, backend: Backend, family: str | None = None
    ) -> None:
        self.card = card
        self.files = files
        self.backend = backend
        self._family = family
        self._lifecycle = Lifecycle(card.name)
        self._chat: ChatModel | None = None
        self._loading: asyncio.Task[None] | None = None
        self._unloading = asyncio.Lock()

    @property
    def name(self) -> str:
        """The name that requests use."""
        return self.card.name

    @property
    def chat(self) -> ChatModel:
        """The chat layer's view of it.

        Raises:
            ModelNotAvailable: The model is not loaded.
        """
        if self._chat is None:
            state = "still loading" if self.state in _COMING else str(self.state)
            raise ModelNotAvailable(f"model {self.name!r} is {state}; try again")
        return self._chat

    @property
    def state(self) -> State:
        """Its state, which is loading also while its backend is being restarted."""
        state = self._lifecycle.state
        is_back = state is not State.READY or self.backend.capacity is not None
        return state if is_back else State.LOADING

    @property
    def is_ready(self) -> bool:
        """Whether it can answer at this moment."""
        return self.state is State.READY

    def lease(self) -> AbstractContextManager[None]:
        """Lease it for a request; see :meth:`Lifecycle.lease`."""
        return self._lifecycle.lease()

    async def load(self) -> None:
        """Make it ready.

        Raises:
            CancelledError: It was unloaded before it was ready.
            ModelFolderError: It cannot be loaded.
            StartTimeout: It was not loaded in time.
        """
        self._lifecycle.change_to(State.LOADING)
        self._loading = asyncio.ensure_future(self._load())
        await self._loading

    async def unload(self, drain_s: float = 0.0) -> None:
        """Unload it, from any state; when this returns, its backend has ended.

        Args:
            drain_s: Seconds that requests in progress have to finish.
        """
        async with self._unloading:
            if self._loading and not self._loading.done():
                if not self._loading.cancelling():  # else it is ending already
                    self._loading.cancel()
                await asyncio.wait([self._loading])
            if self._lifecycle.state is State.READY:
                self._lifecycle.change_to(State.DRAINING)
            if self._lifecycle.state is State.DRAINING:
                await self._drain(drain_s)
                await self.backend.stop()
                self._chat = None
            if self._lifecycle.state is not State.ABSENT:
                self._lifecycle.change_to(State.ABSENT)

    async def _load(self) -> None:
        chat = asyncio.ensure_future(asyncio.to_thread(self.files.chat_model, self._family))
        starting = asyncio.ensure_future(self.backend.start())
        try:
            loaded, capacity = await asyncio.gather(chat, starting)
        except BaseException as error:
            is_own = isinstance(error, Exception)
            try:
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
                await self.backend.stop()
            finally:
                self._lifecycle.change_to(State.FAILED if is_own else State.ABSENT)
            raise
        window = min(self.card.window_tokens, capacity.num_cache_tokens)
        self._chat = loaded.with_room_for(window)
        self._lifecycle.change_to(State.READY)

    async def _drain(self, drain_s: float) -> None:
        """Wait until no request leases it, ``drain_s`` seconds at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s):
                await self._lifecycle.idle()
