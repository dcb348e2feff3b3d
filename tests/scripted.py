"""Models that generate what a test scripts, with the built-in model's tokenizer and template."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from palaver.api.chat.completion import Completion
from palaver.api.chat.outcome import Ending
from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.chat.turn import Turn
from palaver.generation.backend import Backend
from palaver.models.card import ModelCard
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.models.files import ModelFiles
from palaver.models.formats import open_files
from palaver.models.model import Model
from palaver.testing import ScriptedBackend, Step

HI = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
TOKENIZER = BUILT_IN_FOLDER / "tokenizer.json"


@dataclass(frozen=True, kw_only=True)
class FilesOf(ModelFiles):
    """Files that give a chat model which a test has made."""

    chat: ChatModel

    def chat_model(self, family: str | None = None) -> ChatModel:
        return self.chat


@cache
def _card() -> ModelCard:
    return ModelCard.of("test", built_in_files())


@cache
def _files() -> ModelFiles:
    return open_files(BUILT_IN_FOLDER)


def built_in_files(chat: ChatModel | None = None) -> ModelFiles:
    """The built-in model's files, or such that give another chat model."""
    files = _files()
    if chat is None:
        return files
    values: dict[str, Any] = {name: getattr(files, name) for name in files.__dataclass_fields__}
    return FilesOf(**values, chat=chat)


@asynccontextmanager
async def loaded(backend: Backend, chat: ChatModel | None = None) -> AsyncIterator[Model]:
    """A model that is ready, over any backend."""
    model = Model(_card(), built_in_files(chat), backend)
    await model.load()
    try:
        yield model
    finally:
        await model.unload()


def scripted(*steps: Step) -> ScriptedBackend:
    """A scripted backend with the built-in model's tokenizer."""
    return ScriptedBackend(steps, tokenizer=TOKENIZER)


def completion_of(
    model: Model,
    request: ChatRequest = HI,
    on_end: Callable[[Ending], None] = lambda ending: None,
) -> Completion:
    """A completion of a model, not entered yet."""
    return Completion(request, Turn(request, model.chat), model, on_end=on_end)
