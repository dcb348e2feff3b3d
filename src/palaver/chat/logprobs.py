"""Log probabilities of an answer's tokens, as the client gets them (spec rows S29, S30)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from palaver.chat.detokenizer import Detokenizer
from palaver.chat.tokenizer import Tokenizer
from palaver.generation.output import TokenLogprobs


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token with its log probability before any sampling parameter.

    Attributes:
        token: Its text; incomplete characters are replaced.
        logprob: Natural logarithm of its probability.
        bytes: Its bytes in the answer; none for a token without text.
        top: The likeliest tokens at its place, likeliest first.
    """

    token: str
    logprob: float
    bytes: bytes
    top: tuple[TokenLogprob, ...] = ()


def describe(
    tokenizer: Tokenizer, detokenizer: Detokenizer, token_id: int, logprobs: TokenLogprobs
) -> TokenLogprob:
    """A generated token and the likeliest ones at its place.

    Args:
        tokenizer: The model's tokenizer.
        detokenizer: Has the bytes of the token, which is its last one.
        token_id: The token.
        logprobs: The log probabilities of the token and of others.
    """
    top = tuple(
        _entry(tokenizer, top_id, logprob, detokenizer.bytes_here(top_id))
        for top_id, logprob in logprobs.top
    )
    entry = _entry(tokenizer, token_id, logprobs.logprob, detokenizer.content)
    return replace(entry, top=top)


def _entry(tokenizer: Tokenizer, token_id: int, logprob: float, content: bytes) -> TokenLogprob:
    text = content.decode(errors="replace")
    if not tokenizer.bytes_of(token_id):
        text = text or tokenizer.name_of(token_id)
    return TokenLogprob(text, logprob, content)
