from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from palaver.chat.request import ChatRequest
from palaver.chat.tokenizer import Tokenizer
from palaver.errors import ModelFolderError
from palaver.models.formats import open_files
from tests.chat import vocabularies
from tests.models.example_folder import CONFIG, TOKENIZER_CONFIG, write_folder

HI = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


def prompt_of(path: Path) -> str:
    """The text that the folder's template makes of a greeting."""
    model = open_files(path).chat_model()
    ids = model.render(HI).prompt.token_ids
    return b"".join(map(model.tokenizer.bytes_of, ids)).decode()


def end_id(path: Path) -> int:
    token_id = Tokenizer((path / "tokenizer.json").read_text()).id_of(vocabularies.END)
    assert token_id is not None
    return token_id


def test_a_complete_folder_makes_a_chat_model(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "m")
    model = open_files(path).chat_model()
    assert model.window_tokens == 512
    assert model.stop_token_ids == (end_id(path),)
    assert prompt_of(path) == "<s>Hi"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="nowhere"):
        open_files(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["openvino_model.xml", "openvino_model.bin", "config.json"])
def test_a_missing_file_is_named_and_no_other(tmp_path: Path, name: str) -> None:
    path = write_folder(tmp_path / "m")
    (path / name).unlink()
    with pytest.raises(ModelFolderError) as error:
        open_files(path)
    assert f"{name} missing" in str(error.value)
    others = {"openvino_model.xml", "openvino_model.bin", "config.json"} - {name}
    assert not any(other in str(error.value) for other in others)


def test_all_missing_files_are_named_with_the_way_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError) as error:
        open_files(tmp_path)
    for part in ("openvino_model.xml, openvino_model.bin, config.json", "optimum-cli export"):
        assert part in str(error.value)


@pytest.mark.parametrize("name", ["config", "generation_config", "tokenizer_config"])
@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe"])
def test_a_file_that_is_not_a_json_object_is_named(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = write_folder(tmp_path / "m")
    (path / f"{name}.json").write_bytes(content)
    with pytest.raises(ModelFolderError, match=rf"/{name}\.json"):
        open_files(path)


def test_a_missing_tokenizer_is_named(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "m")
    (path / "tokenizer.json").unlink()
    with pytest.raises(ModelFolderError, match=r"tokenizer\.json"):
        open_files(path).chat_model()


@pytest.mark.parametrize(
    ("in_generation", "in_config", "expected"),
    [
        (None, None, []),
        (5, None, [5]),
        ([5, 6], 6, [5, 6]),
        (None, [7, 8], [7, 8]),
        ([6, 5, 6], [5, 9], [6, 5, 9]),
    ],
)
def test_stop_tokens_are_read_from_every_file(
    tmp_path: Path, in_generation: Any, in_config: Any, expected: list[int]
) -> None:
    path = write_folder(
        tmp_path / "m",
        config=CONFIG | {"eos_token_id": in_config},
        generation_config={"eos_token_id": in_generation},
    )
    ids = open_files(path).chat_model().stop_token_ids
    assert ids == (*expected, end_id(path))


@pytest.mark.parametrize("eos_token", [None, "<|unheard-of|>"])
def test_a_folder_without_stop_tokens_is_refused(tmp_path: Path, eos_token: str | None) -> None:
    settings = TOKENIZER_CONFIG | {"eos_token": eos_token}
    path = write_folder(tmp_path / "m", tokenizer_config=settings)
    with pytest.raises(ModelFolderError, match="ends an answer"):
        open_files(path).chat_model()


def test_a_template_file_overrides_the_tokenizers_template(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "m")
    (path / "chat_template.jinja").write_text("file: {{ messages[0].content }}", encoding="utf-8")
    assert prompt_of(path) == "file: Hi"


def test_of_several_templates_the_default_is_taken(tmp_path: Path) -> None:
    templates = [
        {"name": "tool_use", "template": "tools"},
        {"name": "default", "template": "default: {{ messages[0].content }}"},
    ]
    settings = TOKENIZER_CONFIG | {"chat_template": templates}
    assert prompt_of(write_folder(tmp_path / "m", tokenizer_config=settings)) == "default: Hi"


@pytest.mark.parametrize("template", [None, [], [{"name": "rag", "template": "x"}]])
def test_a_folder_without_chat_template_is_refused(tmp_path: Path, template: Any) -> None:
    settings = TOKENIZER_CONFIG | {"chat_template": template}
    path = write_folder(tmp_path / "m", tokenizer_config=settings)
    with pytest.raises(ModelFolderError, match="no chat template"):
        open_files(path).chat_model()


@pytest.mark.parametrize("content", [b"{% if %}", b"\xff\xfe"])
def test_a_broken_template_is_refused(tmp_path: Path, content: bytes) -> None:
    path = write_folder(tmp_path / "m")
    (path / "chat_template.jinja").write_bytes(content)
    with pytest.raises(ModelFolderError, match="template"):
        open_files(path).chat_model()


@pytest.mark.parametrize(
    ("config", "window_tokens"),
    [
        ({"max_position_embeddings": 99}, 99),
        ({"text_config": {"max_position_embeddings": 77}, "max_position_embeddings": 99}, 77),
        ({}, 4096),
    ],
)
def test_the_window_is_the_text_models_number_of_positions(
    tmp_path: Path, config: dict[str, Any], window_tokens: int
) -> None:
    assert open_files(write_folder(tmp_path / "m", config)).window_tokens == window_tokens


@pytest.mark.parametrize(
    ("config", "description"),
    [
        (CONFIG, "example, 2 layers of 64"),
        ({"model_type": "omni", "text_config": CONFIG}, "omni, 2 layers of 64"),
        ({}, "unknown, ? layers of ?"),
    ],
)
def test_a_folder_is_described_in_a_line(
    tmp_path: Path, config: dict[str, Any], description: str
) -> None:
    assert open_files(write_folder(tmp_path / "m", config)).description == description
