"""The steps of a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from palaver.errors import RequestError
from palaver.generation.output import TokenFinish, TokenLogprobs


@dataclass(frozen=True, slots=True)
class Say:
    """Generate the tokens of a text.

    Attributes:
        text: In the model's own markup: thinking and calls are written as the model writes them.
        choice: Index of the choice.
    """

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Token:
    """Generate one token.

    Attributes:
        token_id: The token; one of the request's stop tokens ends the choice.
        choice: Index of the choice.
        finish: Ends the choice with this token, whatever the request says.
        logprobs: Reported if the request wants log probabilities; by default the token is certain.
    """

    token_id: int
    choice: int = 0
    finish: TokenFinish | None = None
    logprobs: TokenLogprobs | None = None


@dataclass(frozen=True, slots=True)
class End:
    """End a choice by a stop token; choices that no step ends are ended after the last step.

    Attributes:
        choice: Index of the choice.
    """

    choice: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """Generate nothing for a while.

    Attributes:
        seconds: How long; 0 lets other tasks run first.
    """

    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Hold:
    """Generate nothing until the test calls :meth:`ScriptedBackend.release`.

    Attributes:
        name: What to release.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Fail:
    """Fail the request, after the tokens so far.

    Attributes:
        error: What the caller gets.
    """

    error: RequestError


Step: TypeAlias = Say | Token | End | Pause | Hold | Fail
