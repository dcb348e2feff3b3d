"""Models that are being served: each one's folder, chat side and engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from types import MappingProxyType

from palaver.chat.families.catalogue import FAMILIES
from palaver.chat.model import ChatModel
from palaver.engine.process.backend import ProcessBackend
from palaver.engine.process.config import EngineConfig
from palaver.errors import ModelNotAvailable, ModelNotFound, PalaverError, SettingError
from palaver.generation.stats import StepStats
from palaver.models.folder import ModelFolder

BUILT_IN_NAME = "palaver/tiny"
BUILT_IN_FOLDER = Path(__file__).parent / "tiny"


class ServedModel:
    """One model and the engine that runs it.

    Args:
        name: As clients ask for it.
        folder: Where it lies.
        config: How its engine is to run.
        on_step: Called with the figures of each of its engine's steps.
        family: The family whose format it writes; found by its template if not given.
    """

    def __init__(
        self,
        name: str,
        folder: ModelFolder,
        config: EngineConfig,
        on_step: Callable[[StepStats], None] = lambda stats: None,
        family: str | None = None,
    ) -> None:
        self.name = name
        self._family = family
        self.folder = folder
        self.created_s = int(time.time())
        self.engine = ProcessBackend(name, config, on_step)
        self._chat: ChatModel | None = None

    @property
    def chat(self) -> ChatModel:
        """The chat side.

        Raises:
            ModelNotAvailable: The model is still loading.
        """
        if self._chat is None:
            raise ModelNotAvailable(f"model {self.name!r} is still loading; try again")
        return self._chat

    @property
    def is_ready(self) -> bool:
        """Whether it can answer at this moment."""
        return self._chat is not None and self.engine.ready is not None

    @property
    def window_tokens(self) -> int:
        """Tokens that prompt and answer may have together, as far as is known yet."""
        return self._chat.window_tokens if self._chat else self.folder.window_tokens

    async def start(self) -> None:
        """Load it.

        Raises:
            ModelFolderError: It cannot be loaded.
        """
        ready, chat = await asyncio.gather(
            self.engine.start(), asyncio.to_thread(self.folder.chat_model, self._family)
        )
        self.engine.prepare(chat.stop_token_ids)
        self._chat = chat.with_room_for(ready.num_cache_tokens)

    async def stop(self) -> None:
        """End its engine."""
        await self.engine.stop()


class ModelRegistry:
    """All models of a server, by name.

    Args:
        folders: Name to folder; the built-in model is added unless its name is taken.
        configure: Makes an engine's configuration for a folder.
        observer: Makes, for a model's name, what is called with the figures of each step.
        families: Name to family, for models whose templates do not tell.

    Raises:
        ModelFolderError: A folder is not one.
        SettingError: A family or a model in ``families`` is unknown.
    """

    def __init__(
        self,
        folders: Mapping[str, Path],
        configure: Callable[[ModelFolder], EngineConfig],
        observer: Callable[[str], Callable[[StepStats], None]] = lambda name: lambda stats: None,
        families: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._models: dict[str, ServedModel] = {}
        _check_families(families, {BUILT_IN_NAME, *folders})
        for name, path in ({BUILT_IN_NAME: BUILT_IN_FOLDER} | dict(folders)).items():
            folder = ModelFolder.open(path)
            self._models[name] = ServedModel(
                name, folder, configure(folder), observer(name), families.get(name)
            )

    def __iter__(self) -> Iterator[ServedModel]:
        """The models, the built-in one first."""
        return iter(self._models.values())

    @property
    def is_ready(self) -> bool:
        """Whether every model can answer at this moment."""
        return all(model.is_ready for model in self)

    async def start(self, on_ready: Callable[[ServedModel], None] = lambda model: None) -> None:
        """Load all models side by side.

        Args:
            on_ready: Called as each one becomes ready.

        Raises:
            ModelFolderError: One of them cannot be loaded; the others are ended.
        """

        async def load(model: ServedModel) -> None:
            await model.start()
            on_ready(model)

        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for model in self:
                    group.create_task(load(model))
        except* PalaverError as errors:
            failure = errors.exceptions[0]
        if failure is not None:  # raised out here: inside, some Pythons wrap it in a group again
            await self.stop()
            raise failure

    async def stop(self) -> None:
        """End all engines."""
        await asyncio.gather(*(model.stop() for model in self))

    def get(self, name: str) -> ServedModel:
        """The model of that name.

        Raises:
            ModelNotFound: There is none.
        """
        try:
            return self._models[name]
        except KeyError:
            known = ", ".join(self._models)
            message = f"model: there is no model {name!r} here; the models are: {known}"
            raise ModelNotFound(message, param="model") from None


def _check_families(families: Mapping[str, str], names: Set[str]) -> None:
    for name, family in families.items():
        if name not in names:
            raise SettingError(f"families: there is no model {name!r}")
        if family not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise SettingError(f"families: there is no family {family!r}; there are: {known}")
