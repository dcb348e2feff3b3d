"""Every setting is an option of ``palaver serve``, and an option goes before all other sources."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer
from typer.testing import CliRunner

from palaver.cli import app
from palaver.errors import SettingError
from palaver.settings import Settings
from palaver.settings.table import GROUPS, TABLE, ModelSettings, SpeechSettings

EXAMPLES = {
    "host": ("::1", "0.0.0.0"),
    "port": ("1", "2"),
    "ready_file": ("/a", "/b"),
    "shutdown_timeout_s": ("1", "2.5"),
    "tune_process": ("true", "false"),
    "log_level": ("debug", "error"),
    "api_key": ("a", "b"),
    "data_dir": ("/a", "/b"),
    "models": ("a=/a", "b=/b"),
    "families": ("a=glm", "b=kimi"),
    "cache_gib": ("0.5", "2"),
    "cache_precision": ("u8", "f32"),
    "inference_precision": ("f32", "bf16"),
    "num_threads": ("1", "2"),
    "max_step_tokens": ("64", "128"),
    "max_running": ("1", "2"),
    "load_timeout_s": ("1", "2.5"),
    "token_timeout_s": ("1", "2.5"),
    "strict": ("true", "false"),
    "max_body_mib": ("1", "2.5"),
    "max_media": ("1", "2"),
    "max_media_mib": ("1", "2.5"),
    "max_media_megapixels": ("1", "2.5"),
    "max_media_s": ("1", "2.5"),
    "media_timeout_s": ("1", "2.5"),
    "allow_private_urls": ("true", "false"),
    "voices": ("a=/a", "b=hub:c/d"),
    "voice": ("bass", "tenor"),
}
"""Two values of each setting, neither of them the default where there are three or more."""


class Stopped(SettingError):
    """Raised in place of starting a server."""


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Settings]]:
    """The settings that ``palaver serve`` would have started a server with."""
    settings: list[Settings] = []

    def server(given: Settings, **_: Any) -> NoReturn:
        settings.append(given)
        raise Stopped("no server is needed")

    monkeypatch.setattr(import_module("palaver.cli.serve"), "Server", server)
    monkeypatch.setattr(import_module("palaver.cli.serve"), "configure_logging", lambda level: None)
    for name in TABLE:
        monkeypatch.delenv(TABLE[name].variable, raising=False)
    yield settings


def options_of(name: str, value: str) -> list[str]:
    """The command line that gives a setting this value."""
    if TABLE[name].kind == "switch":
        return [TABLE[name].option.split("/")[0 if value == "true" else 1]]
    return [TABLE[name].option, value]


def serve(received: list[Settings], *arguments: str) -> Settings:
    result = CliRunner().invoke(app, ["serve", *arguments])
    assert "no server is needed" in result.output, result.output
    return received[-1]


def expected(name: str, value: str) -> Any:
    """The value of the setting's attribute for this option."""
    given: Any = dict([value.split("=")]) if TABLE[name].kind == "pairs" else value
    return getattr(Settings.model_validate({name: given}), name)


def file_with(folder: Path, name: str, value: str) -> Path:
    file = folder / "palaver.toml"
    if TABLE[name].kind == "pairs":
        key, _, item = value.partition("=")
        file.write_text(f'[{name}]\n{key} = "{item}"\n')
    else:
        file.write_text(f'{name} = "{value}"\n')
    return file


def test_there_are_examples_of_every_setting() -> None:
    assert set(EXAMPLES) == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_the_value_of_an_option_reaches_the_settings(name: str, received: list[Settings]) -> None:
    for value in EXAMPLES[name]:
        settings = serve(received, *options_of(name, value))
        assert getattr(settings, name) == expected(name, value)


@pytest.mark.parametrize("name", TABLE)
def test_options_override_the_environment_and_that_overrides_the_file(
    name: str, received: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = EXAMPLES[name]
    for value, weaker in ((one, other), (other, one)):
        config = ("--config", str(file_with(tmp_path, name, weaker)))
        monkeypatch.delenv(TABLE[name].variable, raising=False)
        assert getattr(serve(received, *config), name) == expected(name, weaker)
        monkeypatch.setenv(TABLE[name].variable, value)
        assert getattr(serve(received, *config), name) == expected(name, value)
        monkeypatch.setenv(TABLE[name].variable, weaker)
        settings = serve(received, *config, *options_of(name, value))
        assert getattr(settings, name) == expected(name, value)


def test_all_options_can_be_given_together(received: list[Settings]) -> None:
    arguments = [part for name, (one, _) in EXAMPLES.items() for part in options_of(name, one)]
    settings = serve(received, *arguments)
    for name, (one, _) in EXAMPLES.items():
        assert getattr(settings, name) == expected(name, one)


def test_without_options_the_defaults_hold(received: list[Settings]) -> None:
    assert serve(received) == Settings()


def test_pairs_are_given_by_repeating_their_option(received: list[Settings]) -> None:
    settings = serve(received, "--model", "a=/a", "--model", "b=/b")
    assert settings.models == {"a": Path("/a"), "b": Path("/b")}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "eighty"), "port: Input should be a valid integer"),
        (("--log-level", "loud"), "log_level: Input should be 'debug', 'info'"),
        (("--model", "a"), "models: must be NAME=FOLDER, got 'a'"),
        (("--api-key", ""), "api_key: String should have at least 1 character"),
        (("--config", "/nowhere.toml"), "/nowhere.toml: cannot be read as settings"),
    ],
)
def test_a_wrong_value_is_refused_and_its_setting_named(
    arguments: tuple[str, ...], message: str
) -> None:
    result = CliRunner().invoke(app, ["serve", *arguments])
    assert result.exit_code == 1
    assert f"palaver: {message}" in result.output


def parameters(command: str) -> dict[str, Any]:
    """The parameters of a command by their names."""
    group: Any = typer.main.get_command(app)
    return {parameter.name: parameter for parameter in group.commands[command].params}


@pytest.mark.parametrize("name", TABLE)
def test_the_help_of_an_option_is_the_settings_description_in_its_group(name: str) -> None:
    parameter = parameters("serve")[name]
    assert "/".join([*parameter.opts, *parameter.secondary_opts]) == TABLE[name].option
    assert parameter.help.startswith(TABLE[name].description.replace("`", ""))
    assert TABLE[name].default in parameter.help
    assert parameter.rich_help_panel == TABLE[name].group


def test_the_help_of_serve_shows_the_groups_and_the_defaults() -> None:
    output = CliRunner().invoke(app, ["serve", "--help"]).output
    for group in GROUPS:
        assert f"─ {group.title} ─" in output
    assert "[default: 32.0 MiB]" in output


def test_the_help_of_a_secret_warns_of_the_process_list() -> None:
    text = parameters("serve")["api_key"].help
    assert "list of processes" in text
    assert "PALAVER_API_KEY" in text


def test_commands_have_the_options_that_concern_them() -> None:
    others = {"config", "help"}
    assert set(parameters("doctor")) - others == set(TABLE)
    assert set(parameters("models")) - others == set(ModelSettings.model_fields)
    speaking = {*ModelSettings.model_fields, *SpeechSettings.model_fields}
    assert set(parameters("voices")) - others == speaking
