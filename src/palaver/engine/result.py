"""The result of one step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self, TypeAlias

from palaver.engine.hidden_states import HiddenStates
from palaver.errors import InvalidRequest
from palaver.generation.output import TokenOutput
from palaver.generation.stats import StepStats


class Failure(NamedTuple):
    """A request that failed.

    Attributes:
        request_id: Id of the request.
        error: Why.
    """

    request_id: int
    error: InvalidRequest


Output: TypeAlias = TokenOutput | Failure
"""What a step has for a client."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of one step.

    Attributes:
        tokens: New tokens of all sequences; those of one sequence in their order.
        failures: Requests that failed.
        hidden_states: Of media, for requests that want them; they come before the first token.
        stats: Statistics of the step; ``None`` if there was nothing to compute.
    """

    tokens: list[TokenOutput] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    hidden_states: list[HiddenStates] = field(default_factory=list)
    stats: StepStats | None = None

    @classmethod
    def of(
        cls, outputs: Iterable[Output], hidden_states: list[HiddenStates], stats: StepStats
    ) -> Self:
        """The result of a step that has computed something."""
        tokens, failures = [], []
        for output in outputs:
            if isinstance(output, Failure):
                failures.append(output)
            else:
                tokens.append(output)
        return cls(tokens, failures, hidden_states, stats)
