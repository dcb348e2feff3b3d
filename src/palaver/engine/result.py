"""The result of one step."""

from __future__ import annotations

from dataclasses import dataclass, field

from palaver.engine.hidden_states import HiddenStates
from palaver.errors import InvalidRequest
from palaver.generation.output import TokenOutput
from palaver.generation.stats import StepStats


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of one step.

    Attributes:
        tokens: New tokens of all sequences, those of the oldest sequence first.
        failures: Ids of requests that failed, with the reason.
        hidden_states: Of media, for requests that want them; they come before the first token.
        stats: Statistics of the step; ``None`` if there was nothing to compute.
    """

    tokens: list[TokenOutput] = field(default_factory=list)
    failures: list[tuple[int, InvalidRequest]] = field(default_factory=list)
    hidden_states: list[HiddenStates] = field(default_factory=list)
    stats: StepStats | None = None
