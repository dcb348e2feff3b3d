"""All models of a server, by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from palaver.chat.families.catalogue import FAMILIES
from palaver.errors import ModelNotFound, PalaverError, SettingError
from palaver.generation.backend import Backend
from palaver.models.card import ModelCard
from palaver.models.files import ModelFiles
from palaver.models.formats import open_files
from palaver.models.model import Model

BUILT_IN_NAME = "palaver/tiny"
BUILT_IN_FOLDER = Path(__file__).parent / "tiny"

BackendMaker: TypeAlias = Callable[[ModelCard, ModelFiles], Backend]


class ModelCatalogue:
    """The models of a server.

    Args:
        folders: Name to folder; the built-in model is added unless its name is taken.
        make_backend: Makes the backend of a model.
        families: Name to family, for models whose templates do not show it.
        max_window_tokens: Returns how many tokens a model's cache will hold, where that is known.

    Raises:
        ModelFolderError: A folder is not a model's.
        SettingError: A family or a model in ``families`` is unknown.
    """

    def __init__(
        self,
        folders: Mapping[str, Path],
        make_backend: BackendMaker,
        families: Mapping[str, str] = MappingProxyType({}),
        max_window_tokens: Callable[[ModelFiles], int | None] = lambda files: None,
    ) -> None:
        self._models: dict[str, Model] = {}
        _check_families(families, {BUILT_IN_NAME, *folders})
        for name, path in ({BUILT_IN_NAME: BUILT_IN_FOLDER} | dict(folders)).items():
            files, family = open_files(path), families.get(name)
            card = ModelCard.of(
                name, files, family=family, max_window_tokens=max_window_tokens(files)
            )
            self._models[name] = Model(card, files, make_backend(card, files), family)

    def __iter__(self) -> Iterator[Model]:
        """The models, the built-in one first."""
        return iter(self._models.values())

    @property
    def is_ready(self) -> bool:
        """Whether every model can answer at this moment."""
        return all(model.is_ready for model in self)

    async def load(self, on_ready: Callable[[Model], None] = lambda model: None) -> None:
        """Load all models side by side.

        Args:
            on_ready: Called as each one becomes ready.

        Raises:
            ModelFolderError: One of them cannot be loaded; the others are ended.
            StartTimeout: One of them was not loaded in time; the others are ended.
        """

        async def load(model: Model) -> None:
            await model.load()
            on_ready(model)

        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for model in self:
                    group.create_task(load(model))
        except* PalaverError as errors:
            failure = errors.exceptions[0]
        if failure is not None:  # within except*, some Python versions wrap it in a group again
            await self.unload()
            raise failure

    async def unload(self) -> None:
        """End all models; if some fail to end, the first failure is raised after all have tried."""
        unloading = (model.unload() for model in self)
        for outcome in await asyncio.gather(*unloading, return_exceptions=True):
            if outcome is not None:
                raise outcome

    def get(self, name: str) -> Model:
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
