from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from palaver.engine.process.backend import ProcessBackend
from palaver.engine.process.config import EngineConfig
from palaver.errors import ModelFolderError, ModelNotAvailable, ModelNotFound, SettingError
from palaver.generation.backend import Backend
from palaver.models import catalogue as catalogue_module
from palaver.models.card import ModelCard
from palaver.models.catalogue import BUILT_IN_FOLDER, BUILT_IN_NAME, ModelCatalogue
from palaver.models.files import ModelFiles
from palaver.models.formats import open_files
from palaver.models.lifecycle import State
from palaver.models.model import Model
from palaver.runtime import RuntimeConfig
from palaver.testing import ScriptedBackend
from tests.chat import vocabularies
from tests.models.example_folder import CONFIG, write_folder
from tests.scripted import loaded


@pytest.fixture(autouse=True)
def built_in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the built-in model, so that no weights are needed."""
    path = write_folder(tmp_path / "built-in")
    monkeypatch.setattr(catalogue_module, "BUILT_IN_FOLDER", path)
    return path


def backend(card: ModelCard, files: ModelFiles) -> Backend:
    runtime = RuntimeConfig(folder=str(files.path), cache_bytes=2**20, kind="fake")
    return ProcessBackend(card.name, EngineConfig(runtime=runtime))


def pid_of(model: Model) -> int | None:
    assert isinstance(model.backend, ProcessBackend)
    return model.backend.pid


def is_running(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    return pid is not None


def test_the_built_in_model_comes_first_and_the_others_as_given(tmp_path: Path) -> None:
    folders = {name: write_folder(tmp_path / name) for name in ("b", "a")}
    catalogue = ModelCatalogue(folders, backend)
    assert [model.name for model in catalogue] == [BUILT_IN_NAME, "b", "a"]
    assert catalogue.get("a").files.path == folders["a"]


def test_a_folder_may_take_the_built_in_models_name(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "other")
    catalogue = ModelCatalogue({BUILT_IN_NAME: path}, backend)
    assert [model.files.path for model in catalogue] == [path]


@pytest.mark.parametrize("name", ["gpt-4o", "", BUILT_IN_NAME.upper()])
def test_an_unknown_name_is_refused_with_the_known_names(tmp_path: Path, name: str) -> None:
    catalogue = ModelCatalogue({"a": write_folder(tmp_path / "a")}, backend)
    with pytest.raises(ModelNotFound) as error:
        catalogue.get(name)
    assert error.value.param == "model"
    assert repr(name) in error.value.message
    assert f"{BUILT_IN_NAME}, a" in error.value.message


def test_a_broken_folder_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="nowhere"):
        ModelCatalogue({"a": tmp_path / "nowhere"}, backend)


def test_a_model_that_has_not_been_started_is_not_available(tmp_path: Path) -> None:
    model = ModelCatalogue({}, backend).get(BUILT_IN_NAME)
    assert not model.is_ready
    assert model.card.window_tokens == CONFIG["max_position_embeddings"]
    with pytest.raises(ModelNotAvailable, match=BUILT_IN_NAME):
        model.chat  # noqa: B018


def test_started_models_are_ready_and_their_engines_end() -> None:
    async def run() -> None:
        catalogue = ModelCatalogue({}, backend)
        ready: list[str] = []
        assert not catalogue.is_ready
        try:
            await catalogue.load(lambda model: ready.append(model.name))
            assert ready == [BUILT_IN_NAME]
            assert catalogue.is_ready
            model = catalogue.get(BUILT_IN_NAME)
            assert model.chat.window_tokens == model.card.window_tokens == 512
            assert is_running(pid_of(model))
        finally:
            await catalogue.unload()
        assert not is_running(pid_of(model))

    asyncio.run(run())


def test_one_model_that_cannot_be_loaded_ends_the_start_and_all_engines(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "broken")
    layout = {"added_tokens": [{"id": 0, "content": vocabularies.END}]}
    (path / "tokenizer.json").write_text(json.dumps(layout), encoding="utf-8")

    async def run() -> ModelCatalogue:
        catalogue = ModelCatalogue({"broken": path}, backend)
        try:
            with pytest.raises(ModelFolderError, match="broken"):
                await catalogue.load()
        except BaseException:
            await catalogue.unload()
            raise
        return catalogue

    catalogue = asyncio.run(run())
    assert not any(is_running(pid_of(model)) for model in catalogue)
    assert [model.state for model in catalogue] == [State.ABSENT, State.ABSENT]


def test_the_card_of_a_model_is_the_same_absent_loaded_and_unloaded() -> None:
    async def run() -> None:
        catalogue = ModelCatalogue({}, backend)
        model = catalogue.get(BUILT_IN_NAME)
        cards = [ModelCard.of(BUILT_IN_NAME, open_files(model.files.path)), model.card]
        for _ in range(2):
            await model.load()
            cards.append(model.card)
            assert model.chat.window_tokens == model.card.window_tokens
            await model.unload()
            cards.append(model.card)
            assert model.state is State.ABSENT
        assert all(card == cards[0] for card in cards)

    asyncio.run(run())


def test_a_model_is_not_unloaded_while_it_is_leased() -> None:
    async def run() -> None:
        async with loaded(ScriptedBackend()) as model:
            with model.lease():
                unloading = asyncio.create_task(model.unload(drain_s=60))
                while model.state is not State.DRAINING:
                    await asyncio.sleep(0)
                with pytest.raises(ModelNotAvailable, match="draining"), model.lease():
                    pass
                assert model.backend.capacity is not None
                assert not unloading.done()
            await unloading
            assert str(model.state) == "absent"
            assert model.backend.capacity is None

    asyncio.run(run())


@pytest.mark.parametrize(
    ("families", "message"),
    [({"b": "glm"}, "no model 'b'"), ({"a": "glm-9"}, "no family 'glm-9'.*hermes")],
)
def test_an_unknown_family_or_model_stops_the_start(
    tmp_path: Path, families: dict[str, str], message: str
) -> None:
    folders = {"a": write_folder(tmp_path / "a")}
    with pytest.raises(SettingError, match=message):
        ModelCatalogue(folders, backend, families=families)


def test_a_configured_family_is_used_by_the_model(tmp_path: Path) -> None:
    folder = open_files(write_folder(tmp_path / "a"))
    assert folder.chat_model("glm").dialect.family.name == "json"  # its template shows no tools
    assert open_files(BUILT_IN_FOLDER).chat_model("glm").dialect.family.name == "glm"


class _Ending(ScriptedBackend):
    """A backend whose end takes a while, and fails if so told."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self._fails = fails

    async def stop(self) -> None:
        if self._fails:
            raise OSError("it does not end")
        for _ in range(20):
            await asyncio.sleep(0)
        await super().stop()


def test_a_model_that_fails_to_end_does_not_keep_others_from_ending(tmp_path: Path) -> None:
    async def run() -> None:
        folders = {"a": write_folder(tmp_path / "a")}
        catalogue = ModelCatalogue(
            folders, lambda card, files: _Ending(fails=card.name == BUILT_IN_NAME)
        )
        await catalogue.load()
        with pytest.raises(OSError, match="does not end"):
            await catalogue.unload()
        assert catalogue.get("a").backend.capacity is None
        assert catalogue.get("a").state is State.ABSENT

    asyncio.run(run())
