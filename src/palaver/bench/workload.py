"""The requests: synthetic prompts, the same for the same seed on every machine."""

from __future__ import annotations

import functools
import random
import re
from dataclasses import dataclass
from typing import Any

from palaver.errors import SettingError

_VOCABULARY = (
    "apple autumn basket bird boat book bread bridge brother butter candle castle chair cheese "
    "circle city cloud coat coffee corner country dance desert dinner doctor door dream earth "
    "evening family farmer father field finger fire fish flower forest friend garden glass gold "
    "grass green hand heart hill holiday horse house island jacket kitchen lake lamp leaf letter "
    "light machine market meadow milk mirror money moon morning mother mountain music night ocean "
    "orange paper pencil image pocket queen rain river road school shadow silver sister snow "
    "spring stone story street summer table teacher tower train tree village water weather window "
    "winter yellow"
)
_WORDS = _VOCABULARY.split()
_TASK = "Continue this list of words for as long as you can:"
_LENGTH_PATTERN = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class LengthRange:
    """A number of tokens, uniformly distributed from ``low`` to ``high``, both included."""

    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> LengthRange:
        """The range that is written as ``128`` or ``128-512``.

        Raises:
            SettingError: It is neither.
        """
        match = _LENGTH_PATTERN.fullmatch(text.strip())
        if match is None:
            raise SettingError(f"{text!r} is not a length; write 128 or 128-512")
        low = int(match[1])
        high = int(match[2] or low)
        if not 0 < low <= high:
            raise SettingError(f"{text!r} is not a length: it must be positive and not decrease")
        return cls(low, high)

    def __str__(self) -> str:
        return f"{self.low}" if self.low == self.high else f"{self.low}-{self.high}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The requests of a run.

    Lengths are in words, about one token each for most tokenizers; the true counts are
    in the server's usage.

    Attributes:
        model: Name of the model.
        prompt_tokens: Length of a prompt without the shared prefix.
        output_tokens: ``max_tokens`` of each request.
        shared_prefix_tokens: Length of a prefix that all prompts share.
        temperature: Sampling temperature.
        seed: Determines all words and lengths.
        is_streamed: Whether answers come as server-sent events.
        ignore_eos: Whether requests have ``ignore_eos``, which makes servers that know it go on.
        forbidden_token_ids: Tokens that ``logit_bias`` forbids, such as the one that ends a turn.
    """

    model: str
    prompt_tokens: LengthRange
    output_tokens: int
    shared_prefix_tokens: int = 0
    temperature: float = 0.0
    seed: int = 0
    is_streamed: bool = True
    ignore_eos: bool = False
    forbidden_token_ids: tuple[int, ...] = ()

    def prompt(self, series: str, index: int) -> str:
        """The text of request ``index`` of a series; no two series or indices share one."""
        prefix = _shared_prefix(self.seed, self.shared_prefix_tokens)
        own = random.Random(f"{self.seed}/{series}/{index}")
        num_words = own.randint(self.prompt_tokens.low, self.prompt_tokens.high)
        # The task comes after the shared prefix; its words count towards ``prompt_tokens``.
        num_random = max(num_words - len(_TASK.split()), 1)
        return " ".join([*prefix, _TASK, *own.choices(_WORDS, k=num_random)])

    def body(self, series: str, index: int) -> dict[str, Any]:
        """Request ``index`` of a series, as JSON."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "user", "content": self.prompt(series, index)}],
            "max_tokens": self.output_tokens,
            "temperature": self.temperature,
            "stream": self.is_streamed,
        }
        if self.is_streamed:
            body["stream_options"] = {"include_usage": True}
        if self.ignore_eos:
            body["ignore_eos"] = True
        if self.forbidden_token_ids:
            body["logit_bias"] = {f"{token}": -100 for token in self.forbidden_token_ids}
        return body


@functools.lru_cache(maxsize=1)
def _shared_prefix(seed: int, num_words: int) -> tuple[str, ...]:
    return tuple(random.Random(f"{seed}/prefix").choices(_WORDS, k=num_words))
