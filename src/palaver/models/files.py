"""The files of a model's folder, read once: configuration, vocabulary and template."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from palaver.chat.families.dialect import Dialect, find_dialect
from palaver.chat.model import ChatModel
from palaver.chat.template import ChatTemplate
from palaver.chat.tokenizer import Tokenizer
from palaver.errors import ModelFolderError
from palaver.models.vocabulary import Vocabulary
from palaver.multimodal.config import MultimodalConfig
from palaver.multimodal.registry import rules_of
from palaver.runtime import export

_DEFAULT_WINDOW_TOKENS = 4096


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """A model's folder and its configuration files. The weights are not read.

    Attributes:
        path: The folder.
        format: The name of its format.
        config: ``config.json``.
        generation_config: ``generation_config.json``, empty if there is none.
        tokenizer_config: ``tokenizer_config.json``, empty if there is none.
        multimodal: Configuration of a multimodal model; ``None`` for a model of text.
        has_talker: Whether it has a talker.
    """

    path: Path
    format: str
    config: dict[str, Any]
    generation_config: dict[str, Any]
    tokenizer_config: dict[str, Any]
    multimodal: MultimodalConfig | None = None
    has_talker: bool = False

    @property
    def tokenizer_path(self) -> Path:
        """The file with its vocabulary."""
        return self.path / "tokenizer.json"

    @property
    def text_config(self) -> dict[str, Any]:
        """The part of ``config.json`` that describes the language model."""
        if self.multimodal:
            return self.multimodal.text
        text: dict[str, Any] = self.config.get("text_config", self.config)
        return text

    @property
    def created_s(self) -> int:
        """When it was written, in Unix seconds."""
        return int((self.path / export.CONFIG).stat().st_mtime)

    @property
    def window_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""
        return int(self.text_config.get("max_position_embeddings", _DEFAULT_WINDOW_TOKENS))

    @property
    def description(self) -> str:
        """What kind of model it is, in a line."""
        text = self.text_config
        sizes = f"{text.get('num_hidden_layers', '?')} layers of {text.get('hidden_size', '?')}"
        return f"{self.config.get('model_type', 'unknown')}, {sizes}"

    @property
    def speakers(self) -> tuple[str, ...]:
        """Its own voices; none without a talker."""
        talker = self.config.get("talker_config") or {}
        return tuple(talker.get("speaker_id") or ()) if self.has_talker else ()

    @cached_property
    def template(self) -> ChatTemplate:
        """Its chat template.

        Raises:
            ModelFolderError: There is none, or it is not valid.
        """
        return ChatTemplate(self._template_source(), self._special_tokens())

    @cached_property
    def stop_token_ids(self) -> tuple[int, ...]:
        """Tokens that end an answer, as any of the files names them.

        Raises:
            ModelFolderError: No file names one.
        """
        ids: list[int] = []
        for source in (self.generation_config, self.config):
            value = source.get("eos_token_id")
            ids += value if isinstance(value, list) else [] if value is None else [value]
        named = self._vocabulary.id_of(self._special_tokens().get("eos_token", ""))
        if named is not None:
            ids.append(named)
        if not ids:
            raise ModelFolderError(f"{self.path}: no file says which token ends an answer")
        return tuple(dict.fromkeys(ids))

    def dialect(self, family: str | None = None) -> Dialect:
        """How it writes thinking and tool calls.

        Args:
            family: The family whose format it uses; found by its template if not given.
        """
        return find_dialect(self.template, self._vocabulary.has_token, family)

    def chat_model(self, family: str | None = None) -> ChatModel:
        """The chat layer's view of the model, with its vocabulary loaded.

        Args:
            family: As for :meth:`dialect`.

        Raises:
            ModelFolderError: Tokenizer or template are missing or not valid.
        """
        return ChatModel(
            tokenizer=Tokenizer(self.tokenizer_text, str(self.tokenizer_path)),
            template=self.template,
            stop_token_ids=self.stop_token_ids,
            window_tokens=self.window_tokens,
            dialect=self.dialect(family),
            multimodal=rules_of(self.multimodal) if self.multimodal else None,
        )

    @property
    def tokenizer_text(self) -> str:
        """Its vocabulary, as ``tokenizer.json`` has it.

        Raises:
            ModelFolderError: The file is missing or not text.
        """
        return read_text(self.tokenizer_path)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self.tokenizer_text, str(self.tokenizer_path))

    def _template_source(self) -> str:
        path = self.path / "chat_template.jinja"
        if path.is_file():
            return read_text(path)
        source = self.tokenizer_config.get("chat_template")
        if isinstance(source, list):
            source = next((t["template"] for t in source if t["name"] == "default"), None)
        if not isinstance(source, str):
            raise ModelFolderError(f"{self.path}: no chat template; palaver serves chat models")
        return source

    def _special_tokens(self) -> dict[str, str]:
        tokens = {}
        for name in ("bos_token", "eos_token", "pad_token", "unk_token"):
            token = self.tokenizer_config.get(name)
            if isinstance(token, dict):
                token = token.get("content")
            if isinstance(token, str):
                tokens[name] = token
        return tokens


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        ModelFolderError: It cannot be read; the message names it.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ModelFolderError(f"{path}: cannot be read as text: {error}") from error
