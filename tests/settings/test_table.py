from __future__ import annotations

from pathlib import Path

import pytest

from palaver.settings import Settings
from palaver.settings.docs import settings_table
from palaver.settings.table import GROUPS, TABLE


def test_the_table_has_every_setting_once() -> None:
    names = [name for group in GROUPS for name in group.model_fields]
    assert len(names) == len(set(names))
    assert set(names) == set(TABLE) == set(Settings.model_fields)


def test_no_two_settings_share_an_option() -> None:
    options = [part for setting in TABLE.values() for part in setting.option.split("/")]
    assert len(options) == len(set(options))


@pytest.mark.parametrize("name", TABLE)
def test_every_setting_has_a_description_and_a_default(name: str) -> None:
    assert TABLE[name].description.endswith(".")
    assert TABLE[name].default


@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name].is_default_literal])
def test_a_default_is_shown_as_it_can_be_written(name: str) -> None:
    default = getattr(Settings(), name)
    assert getattr(Settings.model_validate({name: TABLE[name].default}), name) == default


@pytest.mark.parametrize(("suffix", "unit"), [("_s", "seconds"), ("_mib", "MiB"), ("_gib", "GiB")])
def test_a_unit_is_the_one_that_the_name_ends_with(suffix: str, unit: str) -> None:
    found = {setting.unit for name, setting in TABLE.items() if name.endswith(suffix)}
    assert found == {unit}


@pytest.mark.parametrize(
    ("name", "option", "metavar"),
    [
        ("port", "--port", "NUMBER"),
        ("max_media_s", "--max-media-s", "seconds"),
        ("log_level", "--log-level", "debug|info|warning|error"),
        ("strict", "--strict/--no-strict", ""),
        ("models", "--model", "NAME=FOLDER"),
    ],
)
def test_the_option_follows_from_name_and_type(name: str, option: str, metavar: str) -> None:
    assert (TABLE[name].option, TABLE[name].metavar) == (option, metavar)


@pytest.mark.parametrize("name", TABLE)
def test_the_document_shows_every_setting_in_its_group(name: str) -> None:
    sections = settings_table().split("## ")
    (section,) = [section for section in sections if f"| `{name}` |" in section]
    (row,) = [line for line in section.splitlines() if line.startswith(f"| `{name}` |")]
    setting = TABLE[name]
    assert section.startswith(setting.group)
    for part in (setting.option, setting.variable, setting.default, setting.unit):
        assert part in row
    assert row.endswith(f"| {setting.description} |")


def test_a_default_that_depends_on_the_machine_is_shown_in_words() -> None:
    (row,) = [line for line in settings_table().splitlines() if "| `data_dir` |" in line]
    assert "the user's data folder" in row
    assert str(Path.home()) not in row
