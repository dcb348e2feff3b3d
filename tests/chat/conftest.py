from __future__ import annotations

from pathlib import Path

import pytest

from palaver.chat.families.dialect import find_dialect
from palaver.chat.model import ChatModel
from palaver.chat.template import ChatTemplate
from palaver.chat.tokenizer import Tokenizer
from palaver.models.catalogue import BUILT_IN_FOLDER
from tests.chat import vocabularies

TEMPLATE = """\
{% for message in messages %}
{% if message.role == 'critic' %}{{ raise_exception('no critics') }}{% endif %}
{{- '[' ~ message.role ~ ']' ~ message.content }}
{%- endfor %}
{{- '[assistant]' if messages[0].content else '' }}
{%- if enable_thinking %}{{ '<think>\\n' }}{% endif %}"""


@pytest.fixture(scope="session")
def built_in_tokenizer() -> Tokenizer:
    return Tokenizer((BUILT_IN_FOLDER / "tokenizer.json").read_text())


@pytest.fixture(scope="session")
def byte_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return vocabularies.byte_level(_file(tmp_path_factory))


@pytest.fixture(scope="session")
def llama_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return vocabularies.llama(_file(tmp_path_factory))


@pytest.fixture(scope="session")
def metaspace_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return vocabularies.metaspace(_file(tmp_path_factory))


@pytest.fixture(scope="session")
def byte_model(byte_tokenizer: Tokenizer) -> ChatModel:
    """A model with a token for each byte, a window of 100 tokens and a template of one line."""
    end = byte_tokenizer.id_of(vocabularies.END)
    assert end is not None
    template = ChatTemplate(TEMPLATE, {})
    dialect = find_dialect(template, byte_tokenizer.has_token)
    return ChatModel(byte_tokenizer, template, (end,), window_tokens=100, dialect=dialect)


def _file(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("vocabulary") / "tokenizer.json"
