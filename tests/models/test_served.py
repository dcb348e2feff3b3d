from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from palaver.engine.process.config import EngineConfig
from palaver.errors import ModelFolderError, ModelNotAvailable, ModelNotFound, SettingError
from palaver.models import served
from palaver.models.folder import ModelFolder
from palaver.models.served import BUILT_IN_FOLDER, BUILT_IN_NAME, ModelRegistry
from palaver.runtime import RuntimeConfig
from tests.models.example_folder import CONFIG, write_folder


@pytest.fixture(autouse=True)
def built_in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the built-in model, so that no weights are needed."""
    path = write_folder(tmp_path / "built-in")
    monkeypatch.setattr(served, "BUILT_IN_FOLDER", path)
    return path


def configure(folder: ModelFolder) -> EngineConfig:
    runtime = RuntimeConfig(folder=str(folder.path), cache_bytes=2**20, kind="fake")
    return EngineConfig(runtime=runtime)


def is_running(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    return pid is not None


def test_the_built_in_model_comes_first_and_the_others_as_given(tmp_path: Path) -> None:
    folders = {name: write_folder(tmp_path / name) for name in ("b", "a")}
    registry = ModelRegistry(folders, configure)
    assert [model.name for model in registry] == [BUILT_IN_NAME, "b", "a"]
    assert registry.get("a").folder.path == folders["a"]


def test_a_folder_may_take_the_built_in_models_name(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "other")
    registry = ModelRegistry({BUILT_IN_NAME: path}, configure)
    assert [model.folder.path for model in registry] == [path]


@pytest.mark.parametrize("name", ["gpt-4o", "", BUILT_IN_NAME.upper()])
def test_an_unknown_name_is_answered_with_the_names_there_are(tmp_path: Path, name: str) -> None:
    registry = ModelRegistry({"a": write_folder(tmp_path / "a")}, configure)
    with pytest.raises(ModelNotFound) as error:
        registry.get(name)
    assert error.value.param == "model"
    assert repr(name) in error.value.message
    assert f"{BUILT_IN_NAME}, a" in error.value.message


def test_a_broken_folder_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="nowhere"):
        ModelRegistry({"a": tmp_path / "nowhere"}, configure)


def test_a_model_that_has_not_been_started_is_not_available(tmp_path: Path) -> None:
    model = ModelRegistry({}, configure).get(BUILT_IN_NAME)
    assert not model.is_ready
    assert model.window_tokens == CONFIG["max_position_embeddings"]
    with pytest.raises(ModelNotAvailable, match=BUILT_IN_NAME):
        model.chat  # noqa: B018


def test_started_models_are_ready_and_their_engines_end() -> None:
    async def run() -> None:
        registry = ModelRegistry({}, configure)
        ready: list[str] = []
        assert not registry.is_ready
        try:
            await registry.start(lambda model: ready.append(model.name))
            assert ready == [BUILT_IN_NAME]
            assert registry.is_ready
            model = registry.get(BUILT_IN_NAME)
            assert model.chat.window_tokens == model.window_tokens == 512
            assert is_running(model.engine.pid)
        finally:
            await registry.stop()
        assert not is_running(model.engine.pid)

    asyncio.run(run())


def test_one_model_that_cannot_be_loaded_ends_the_start_and_all_engines(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "broken")
    (path / "tokenizer.json").write_text("{}", encoding="utf-8")

    async def run() -> ModelRegistry:
        registry = ModelRegistry({"broken": path}, configure)
        try:
            with pytest.raises(ModelFolderError, match="broken"):
                await registry.start()
        except BaseException:
            await registry.stop()
            raise
        return registry

    registry = asyncio.run(run())
    assert not any(is_running(model.engine.pid) for model in registry)


@pytest.mark.parametrize(
    ("families", "message"),
    [({"b": "glm"}, "no model 'b'"), ({"a": "glm-9"}, "no family 'glm-9'.*hermes")],
)
def test_a_family_or_model_that_nobody_knows_stops_the_start(
    tmp_path: Path, families: dict[str, str], message: str
) -> None:
    folders = {"a": write_folder(tmp_path / "a")}
    with pytest.raises(SettingError, match=message):
        ModelRegistry(folders, configure, families=families)


def test_a_family_that_is_set_is_the_models(tmp_path: Path) -> None:
    folder = ModelFolder.open(write_folder(tmp_path / "a"))
    assert folder.chat_model("glm").dialect.family.name == "json"  # its template shows no tools
    assert ModelFolder.open(BUILT_IN_FOLDER).chat_model("glm").dialect.family.name == "glm"
