"""A model's folder, as transformers and optimum-intel write it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from palaver.chat.families.dialect import find_dialect
from palaver.chat.model import ChatModel
from palaver.chat.template import ChatTemplate
from palaver.chat.tokenizer import Tokenizer
from palaver.errors import ModelFolderError
from palaver.multimodal.config import LANGUAGE_FILE, MultimodalConfig, read_multimodal
from palaver.multimodal.media import Kind
from palaver.multimodal.registry import rules_of

_DEFAULT_WINDOW_TOKENS = 4096
_WEIGHTS = ("openvino_model.xml", "openvino_model.bin")
_LANGUAGE_WEIGHTS = (LANGUAGE_FILE, LANGUAGE_FILE.replace(".xml", ".bin"))

_TALKER = tuple(
    f"openvino_{part}_model.xml"
    for part in (
        *("talker", "talker_text_embeddings", "talker_projections"),
        *("code_predictor", "code2wav"),
    )
)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """Where a model lies, and what its JSON files say.

    Attributes:
        path: The folder.
        config: ``config.json``.
        generation: ``generation_config.json``, empty if there is none.
        tokenizer: ``tokenizer_config.json``, empty if there is none.
        multimodal: How it takes in more than text; ``None`` for a model of text.
    """

    path: Path
    config: dict[str, Any]
    generation: dict[str, Any]
    tokenizer: dict[str, Any]
    multimodal: MultimodalConfig | None = None

    @classmethod
    def open(cls, path: Path) -> ModelFolder:
        """Read a folder's descriptions; the weights stay where they are.

        Raises:
            ModelFolderError: A file is missing or not valid; the message names it.
        """
        if not path.is_dir():
            raise ModelFolderError(f"{path}: there is no such folder")
        weights = _LANGUAGE_WEIGHTS if (path / LANGUAGE_FILE).is_file() else _WEIGHTS
        missing = [name for name in (*weights, "config.json") if not (path / name).is_file()]
        if missing:
            raise ModelFolderError(
                f"{path}: {', '.join(missing)} missing; export the model with "
                f"`optimum-cli export openvino -m MODEL --weight-format int4 {path}`"
            )
        return cls(
            path=path,
            config=_read_json(path / "config.json"),
            generation=_read_json(path / "generation_config.json", is_optional=True),
            tokenizer=_read_json(path / "tokenizer_config.json", is_optional=True),
            multimodal=read_multimodal(path),
        )

    @property
    def window_tokens(self) -> int:
        """Tokens that prompt and answer may have together."""
        text = self._text_config
        return int(text.get("max_position_embeddings", _DEFAULT_WINDOW_TOKENS))

    @property
    def description(self) -> str:
        """What kind of model it is, in a line."""
        text = self._text_config
        sizes = f"{text.get('num_hidden_layers', '?')} layers of {text.get('hidden_size', '?')}"
        return f"{self.config.get('model_type', 'unknown')}, {sizes}"

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it takes beside text."""
        return self.multimodal.kinds if self.multimodal else frozenset()

    @property
    def speakers(self) -> tuple[str, ...]:
        """The voices in which it speaks itself; none without a talker."""
        talker = self.config.get("talker_config") or {}
        is_exported = all((self.path / name).is_file() for name in _TALKER)
        return tuple(talker.get("speaker_id") or ()) if is_exported else ()

    def chat_model(self, family: str | None = None) -> ChatModel:
        """The chat layer's view of the model.

        Args:
            family: The family whose format it writes; found by its template if not given.

        Raises:
            ModelFolderError: Tokenizer or template are missing or not valid.
        """
        tokenizer = Tokenizer(self.path / "tokenizer.json")
        template = ChatTemplate(self._template_source(), self._special_tokens())
        return ChatModel(
            tokenizer=tokenizer,
            template=template,
            stop_token_ids=self._stop_token_ids(tokenizer),
            window_tokens=self.window_tokens,
            dialect=find_dialect(template, tokenizer.has_token, family),
            multimodal=rules_of(self.multimodal) if self.multimodal else None,
        )

    @property
    def _text_config(self) -> dict[str, Any]:
        if self.multimodal:
            return self.multimodal.text
        text: dict[str, Any] = self.config.get("text_config", self.config)
        return text

    def _template_source(self) -> str:
        path = self.path / "chat_template.jinja"
        if path.is_file():
            try:
                return path.read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                raise ModelFolderError(f"{path}: cannot be read as text: {error}") from error
        source = self.tokenizer.get("chat_template")
        if isinstance(source, list):
            source = next((t["template"] for t in source if t["name"] == "default"), None)
        if not isinstance(source, str):
            raise ModelFolderError(f"{self.path}: no chat template; palaver serves chat models")
        return source

    def _special_tokens(self) -> dict[str, str]:
        tokens = {}
        for name in ("bos_token", "eos_token", "pad_token", "unk_token"):
            token = self.tokenizer.get(name)
            if isinstance(token, dict):
                token = token.get("content")
            if isinstance(token, str):
                tokens[name] = token
        return tokens

    def _stop_token_ids(self, tokenizer: Tokenizer) -> tuple[int, ...]:
        ids: list[int] = []
        for source in (self.generation, self.config):
            value = source.get("eos_token_id")
            ids += value if isinstance(value, list) else [] if value is None else [value]
        named = tokenizer.id_of(self._special_tokens().get("eos_token", ""))
        if named is not None:
            ids.append(named)
        if not ids:
            raise ModelFolderError(f"{self.path}: no file says which token ends an answer")
        return tuple(dict.fromkeys(ids))


def _read_json(path: Path, *, is_optional: bool = False) -> dict[str, Any]:
    if is_optional and not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFolderError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelFolderError(f"{path}: holds no JSON object")
    return content
