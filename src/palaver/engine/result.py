"""What one step brings."""

from __future__ import annotations

from dataclasses import dataclass, field

from palaver.engine.hidden_states import HiddenStates
from palaver.errors import InvalidRequest
from palaver.generation.output import TokenOutput
from palaver.generation.stats import StepStats


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step brings.

    Attributes:
        tokens: Of all sequences that got any, oldest first.
        failures: Requests that were given up, with the reason.
        hidden_states: Of media, for requests that want them; all come before the first token.
        stats: The step in figures; ``None`` if there was nothing to compute.
    """

    tokens: list[TokenOutput] = field(default_factory=list)
    failures: list[tuple[int, InvalidRequest]] = field(default_factory=list)
    hidden_states: list[HiddenStates] = field(default_factory=list)
    stats: StepStats | None = None
