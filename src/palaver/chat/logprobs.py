"""Log probabilities of an answer's tokens, in terms that a client can read (spec rows S29, S30)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from palaver.chat.tokenizer import Tokenizer
from palaver.engine.sampler import TokenLogprobs


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token with its log probability before any sampling parameter.

    Attributes:
        token: Its text; what is not a whole character is replaced.
        logprob: Natural logarithm of its probability.
        bytes: Its bytes in the answer; none for a token that stands for no text.
        top: The likeliest tokens at its place, likeliest first.
    """

    token: str
    logprob: float
    bytes: bytes
    top: tuple[TokenLogprob, ...] = ()

    def without_last(self, num_bytes: int) -> TokenLogprob:
        """The same token as an answer shows it that ends ``num_bytes`` before its end."""
        if not num_bytes:
            return self
        left = self.bytes[: len(self.bytes) - num_bytes]
        return replace(self, token=left.decode(errors="replace"), bytes=left)


def describe(tokenizer: Tokenizer, token_id: int, logprobs: TokenLogprobs) -> TokenLogprob:
    """A generated token with the likeliest ones beside it."""
    top = tuple(_entry(tokenizer, top_id, logprob) for top_id, logprob in logprobs.top)
    return replace(_entry(tokenizer, token_id, logprobs.logprob), top=top)


def _entry(tokenizer: Tokenizer, token_id: int, logprob: float) -> TokenLogprob:
    content = tokenizer.bytes_of(token_id)
    text = content.decode(errors="replace") or tokenizer.name_of(token_id)
    return TokenLogprob(text, logprob, content)
