from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from palaver.errors import SettingError
from palaver.settings import Settings, load_settings


def written(path: Path, text: str) -> Path:
    file = path / "palaver.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_command_line_overrides_environment_file_and_default(tmp_path: Path) -> None:
    file = written(tmp_path, 'host = "file"\nport = 1\nmax_running = 4\n')
    environment = {"PALAVER_HOST": "environment", "PALAVER_PORT": "2"}
    settings = load_settings({"host": "command line", "port": None}, environment, file)
    assert settings.host == "command line"
    assert settings.port == 2
    assert settings.max_running == 4
    assert settings.log_level == "info"


def test_an_option_that_was_given_counts_even_if_it_is_false() -> None:
    environment = {"PALAVER_STRICT": "true", "PALAVER_PORT": "2"}
    settings = load_settings({"strict": False, "port": 0}, environment)
    assert not settings.strict
    assert settings.port == 0


def test_without_sources_there_are_the_defaults() -> None:
    settings = load_settings({}, {})
    assert settings == Settings.model_validate({})
    assert (settings.host, settings.port, settings.models) == ("127.0.0.1", 8000, {})


def test_environment_variables_without_the_prefix_are_ignored() -> None:
    assert load_settings(
        {}, {"HOST": "elsewhere", "XPALAVER_PORT": "1"}
    ) == Settings.model_validate({})


def test_a_variable_that_is_set_to_nothing_is_not_set() -> None:
    environment = {"PALAVER_API_KEY": "", "PALAVER_PORT": ""}
    assert load_settings({}, environment) == Settings.model_validate({})


@pytest.mark.parametrize("source", ["command line", "file"])
def test_an_empty_key_is_refused_if_it_was_given(tmp_path: Path, source: str) -> None:
    is_file = source == "file"
    file = written(tmp_path, 'api_key = ""\n') if is_file else None
    with pytest.raises(SettingError, match=r"^api_key: "):
        load_settings({} if is_file else {"api_key": ""}, {}, file)


def test_unknown_settings_stop_the_start_and_are_named_with_the_known_ones(tmp_path: Path) -> None:
    file = written(tmp_path, "prot = 1\n")
    sources: list[tuple[dict[str, Any], dict[str, str], Path | None]] = [
        ({"prot": 1}, {}, None),
        ({}, {"PALAVER_PROT": "1"}, None),
        ({}, {}, file),
    ]
    for given, environment, path in sources:
        with pytest.raises(SettingError, match=r"^prot: .*\bport\b"):
            load_settings(given, environment, path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "eighty"),
        ("port", "65536"),
        ("port", "-1"),
        ("strict", "perhaps"),
        ("cache_gib", "0"),
        ("cache_gib", "inf"),
        ("load_timeout_s", "inf"),
        ("cache_precision", "f64"),
        ("num_threads", "-1"),
        ("max_step_tokens", "63"),
        ("max_running", "0"),
        ("max_body_mib", "0"),
        ("token_timeout_s", "0"),
        ("shutdown_timeout_s", "-1"),
        ("log_level", "loud"),
    ],
)
def test_an_impossible_value_is_refused_and_its_setting_named(
    tmp_path: Path, name: str, value: str
) -> None:
    file = written(tmp_path, f'{name} = "{value}"\n')
    sources: list[tuple[dict[str, Any], dict[str, str], Path | None]] = [
        ({name: value}, {}, None),
        ({}, {f"PALAVER_{name.upper()}": value}, None),
        ({}, {}, file),
    ]
    for given, environment, path in sources:
        with pytest.raises(SettingError) as error:
            load_settings(given, environment, path)
        assert str(error.value).startswith(f"{name}: ")
        assert repr(value) in str(error.value)


def test_a_secret_is_not_repeated_when_it_is_wrong(tmp_path: Path) -> None:
    file = written(tmp_path, "api_key = 8472\n")
    with pytest.raises(SettingError) as error:
        load_settings({}, {}, file)
    assert str(error.value).startswith("api_key: ")
    assert "8472" not in str(error.value)


def test_models_come_from_every_source(tmp_path: Path) -> None:
    file = written(tmp_path, '[models]\na = "/a"\n"org/b" = "/b"\n')
    expected = {"a": Path("/a"), "org/b": Path("/b")}
    assert load_settings({}, {}, file).models == expected
    assert load_settings({}, {"PALAVER_MODELS": "a=/a,org/b=/b"}).models == expected
    assert load_settings({"models": {"a": "/a", "org/b": "/b"}}, {}).models == expected
    assert load_settings({"models": ["a=/a", "org/b=/b"]}, {}).models == expected


def test_a_folder_may_have_an_equals_sign_and_a_part_may_be_empty() -> None:
    assert load_settings({}, {"PALAVER_MODELS": "a=/x=y,"}).models == {"a": Path("/x=y")}


@pytest.mark.parametrize(
    ("name", "form"),
    [("models", "NAME=FOLDER"), ("voices", "NAME=FOLDER"), ("families", "NAME=FAMILY")],
)
@pytest.mark.parametrize("text", ["a", "=/a", "a=", "a=/a,b"])
def test_malformed_pairs_are_refused_and_the_setting_named(name: str, form: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}: must be {form}, got "):
        load_settings({}, {f"PALAVER_{name.upper()}": text})
    with pytest.raises(SettingError, match=f"^{name}: must be {form}, got "):
        load_settings({name: text.split(",")}, {})


def test_a_name_that_comes_twice_is_refused() -> None:
    with pytest.raises(SettingError, match=r"^models: the name 'a' is given twice"):
        load_settings({}, {"PALAVER_MODELS": "a=/a,b=/b,a=/c"})


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "palaver.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingError, match=r"palaver\.toml"):
        load_settings({}, {}, file)


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError):
        load_settings({}, {}).port = 1


def test_families_are_given_by_name_in_the_environment() -> None:
    settings = load_settings({}, {"PALAVER_FAMILIES": "a=glm,b=kimi"})
    assert settings.families == {"a": "glm", "b": "kimi"}
    with pytest.raises(SettingError, match="NAME=FAMILY, got 'glm'"):
        load_settings({}, {"PALAVER_FAMILIES": "glm"})
