"""Turns of a model, and the tokens that they are fed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from palaver.chat.delta import Delta
from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.chat.turn import Turn
from palaver.generation.output import TokenFinish, TokenOutput


def turn_of(model: ChatModel, content: str = "ab", **options: Any) -> Turn:
    """A turn that answers one message."""
    return Turn(ChatRequest(messages=[{"role": "user", "content": content}], **options), model)


def tokens(
    token_ids: Iterable[int],
    finish: TokenFinish | None = "length",
    *,
    choice: int = 0,
    num_cached_tokens: int = 0,
) -> list[TokenOutput]:
    """The tokens as an engine reports them, the last one with ``finish``."""
    outputs = [TokenOutput(1, choice, i, None, num_cached_tokens) for i in token_ids]
    last = outputs.pop()
    return [*outputs, TokenOutput(1, choice, last.token_id, finish, num_cached_tokens)]


def ended(model: ChatModel, text: str) -> list[TokenOutput]:
    """A text and the token that ends an answer."""
    return tokens([*model.tokenizer.encode(text), *model.stop_token_ids], "stop")


def bytes_of(model: ChatModel, text: str) -> list[int]:
    """A text with a token for each byte, so that everything in it spans tokens."""
    ids = {model.tokenizer.bytes_of(i): i for i in range(256)}
    return [ids[bytes([byte])] for byte in text.encode()]


def read(turn: Turn, outputs: Iterable[TokenOutput]) -> Delta:
    """All that was added to a choice, with the finish reason of its last delta."""
    deltas = [turn.feed(token) for token in outputs]
    reasons = [delta.finish_reason for delta in deltas if delta.finish_reason]
    assert len(reasons) <= 1
    return Delta(
        choice=deltas[0].choice,
        content="".join(delta.content for delta in deltas),
        reasoning="".join(delta.reasoning for delta in deltas),
        finish_reason=reasons[0] if reasons else None,
    )
