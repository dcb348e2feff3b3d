from __future__ import annotations

import pytest

from palaver.chat.families.catalogue import FAMILIES, HARMONY, HERMES, JSON
from palaver.chat.families.dialect import Dialect, find_dialect
from palaver.chat.template import ChatTemplate
from palaver.chat.tokenizer import Tokenizer
from palaver.models.catalogue import BUILT_IN_FOLDER
from tests.chat.families.formats import FAMILY_NAMES, TOOL_FAMILIES, template, template_source


def no_token(name: str) -> bool:
    return False


@pytest.mark.parametrize("name", TOOL_FAMILIES)
def test_a_family_is_recognised_by_its_template(name: str) -> None:
    dialect = find_dialect(template(name), no_token)
    assert dialect.family.name == name
    assert dialect.takes_tools
    assert not dialect.takes_text


def test_the_built_in_model_writes_as_hermes_does(built_in_tokenizer: Tokenizer) -> None:
    source = (BUILT_IN_FOLDER / "chat_template.jinja").read_text(encoding="utf-8")
    has_token = lambda name: built_in_tokenizer.id_of(name) is not None  # noqa: E731
    assert find_dialect(ChatTemplate(source, {}), has_token) == Dialect(HERMES)


def test_a_template_that_shows_no_tools_gets_them_in_plain_text() -> None:
    dialect = find_dialect(template("json"), no_token)
    assert dialect == Dialect(JSON, takes_calls=False, takes_tools=False)


def test_a_template_that_needs_arguments_as_text_is_detected_by_rendering() -> None:
    source = template_source("deepseek-v3").replace(" | tojson ~ '\\n```", " ~ '\\n```")
    dialect = find_dialect(ChatTemplate(source, {}), no_token)
    assert dialect.family.name == "deepseek-v3"
    assert dialect.takes_text


def test_a_template_with_an_unknown_call_format_gets_plain_text() -> None:
    source = template_source("hermes").replace('{"name": "', '{"function": "')
    assert not find_dialect(ChatTemplate(source, {}), no_token).takes_calls


def test_a_template_that_refuses_system_messages_is_detected() -> None:
    source = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"
    assert not find_dialect(ChatTemplate(source, {}), no_token).takes_system


@pytest.mark.parametrize("opening", ["[THINK]", "<seed:think>", "<think>"])
def test_thinking_is_detected_by_the_vocabulary_if_not_by_the_template(opening: str) -> None:
    dialect = find_dialect(template("json"), lambda name: name == opening)
    assert dialect.family.thinking is not None
    assert dialect.family.thinking.opening.strip() == opening


@pytest.mark.parametrize("name", FAMILY_NAMES)
def test_a_configured_family_is_used(name: str) -> None:
    dialect = find_dialect(template("hermes"), no_token, name)
    assert (dialect.family.name, dialect.takes_tools) == (name, FAMILIES[name].knows_tools)


def test_harmony_without_tools_keeps_its_channels() -> None:
    dialect = find_dialect(template("json"), lambda name: name in str(HARMONY.signs))
    assert dialect.family.thinking == HARMONY.thinking
    assert dialect.family.answer == HARMONY.answer


def test_a_template_that_shows_calls_but_no_tools_is_detected() -> None:
    source = template_source("deepseek-v3.1").replace("for tool in tools or []", "for tool in []")
    dialect = find_dialect(ChatTemplate(source, {}), no_token)
    assert dialect == Dialect(FAMILIES["deepseek-v3.1"], takes_calls=True, takes_tools=False)
