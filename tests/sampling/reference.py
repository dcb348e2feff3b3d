"""The reference probabilities of every token: plain, slow, in double precision.

Written from the descriptions of the parameters alone; nothing here is shared with the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
"""``float64[V]``."""


@dataclass(frozen=True)
class Params:
    """Sampling parameters by the names and with the defaults of the API."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)

    def __str__(self) -> str:
        changed = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "logit_bias"}
        defaults = Params()
        parts = [f"{k}={v:g}" for k, v in changed.items() if v != getattr(defaults, k)]
        return " ".join(parts + ["logit_bias"] * bool(self.logit_bias)) or "defaults"

    def as_dict(self) -> dict[str, Any]:
        """The parameters by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class Place:
    """A position at which a token is sampled.

    Attributes:
        logits: The model's own.
        prompt: Tokens of the prompt.
        answer: Tokens of the answer so far.
    """

    logits: Vector
    prompt: Sequence[int] = ()
    answer: Sequence[int] = ()

    @property
    def seen(self) -> list[int]:
        """All tokens before this one."""
        return [*self.prompt, *self.answer]


def probabilities(place: Place, params: Params) -> Vector:
    """The probability of each token to be the next one."""
    logits = biased(place.logits, params)
    logits = repeated(logits, params, place.seen)
    logits = used(logits, params, place.answer)
    if params.temperature == 0:
        return only(np.ones(len(logits)), np.arange(len(logits)) == np.argmax(logits))
    return filtered(softmax(logits / params.temperature), params)


def biased(logits: Vector, params: Params) -> Vector:
    """Bias is added; -100 forbids a token, and 100 forbids all that do not have it."""
    logits = logits.copy()
    forced = [token for token, bias in params.logit_bias.items() if bias == 100]
    for token, bias in params.logit_bias.items():
        logits[token] = -np.inf if bias == -100 else logits[token] + bias
    if forced:
        logits[np.setdiff1d(np.arange(len(logits)), forced)] = -np.inf
    return logits


def repeated(logits: Vector, params: Params, seen: Sequence[int]) -> Vector:
    """The logits of seen tokens are divided by the penalty, or multiplied if they are negative."""
    logits = logits.copy()
    for token in set(seen):
        logits[token] *= params.repetition_penalty ** (-1 if logits[token] > 0 else 1)
    return logits


def used(logits: Vector, params: Params, answer: Sequence[int]) -> Vector:
    """Frequency is subtracted for each use of a token, presence once for all of them."""
    logits = logits.copy()
    for token in answer:
        logits[token] -= params.frequency_penalty
    for token in set(answer):
        logits[token] -= params.presence_penalty
    return logits


def softmax(logits: Vector) -> Vector:
    """Logits as probabilities."""
    return _normalised(np.exp(logits - logits.max()))


def filtered(p: Vector, params: Params) -> Vector:
    """The tokens that top-k, top-p (of what top-k kept) and min-p keep together."""
    p = only(p, in_top_k(p, params.top_k))
    return only(p, in_top_p(p, params.top_p) & in_min_p(p, params.min_p))


def in_top_k(p: Vector, top_k: int) -> NDArray[np.bool_]:
    """The k likeliest tokens; 0 is all."""
    kept: NDArray[np.bool_] = rank(p) < (top_k or len(p))
    return kept


def in_top_p(p: Vector, top_p: float) -> NDArray[np.bool_]:
    """The likeliest tokens up to the one with which their sum reaches top-p."""
    if top_p == 1:
        return p > 0
    order = likeliest_first(p)
    before = np.empty(len(p))
    before[order] = np.cumsum(p[order]) - p[order]
    kept: NDArray[np.bool_] = before < top_p
    return kept


def in_min_p(p: Vector, min_p: float) -> NDArray[np.bool_]:
    """Tokens with at least this share of the likeliest one's probability."""
    kept: NDArray[np.bool_] = p >= min_p * p.max()
    return kept


def likeliest_first(p: Vector) -> NDArray[np.int64]:
    """Tokens by probability, the lower id first among equals."""
    return np.argsort(-p, kind="stable")


def rank(p: Vector) -> NDArray[np.int64]:
    """Each token's place among the likeliest, from 0."""
    return np.argsort(likeliest_first(p))


def only(p: Vector, kept: NDArray[np.bool_]) -> Vector:
    """The probabilities if nothing but these tokens can come."""
    return _normalised(np.where(kept, p, 0.0))


def _normalised(weights: Vector) -> Vector:
    normalised: Vector = weights / weights.sum()
    return normalised
