"""The sizes of an engine's step where nothing else is asked for.

In a module of their own, so that the configuration can have them without loading the engine.
"""

from __future__ import annotations

from typing import Final

DEFAULT_MAX_STEP_TOKENS: Final = 512
"""Tokens of one step, prefill included."""
DEFAULT_MAX_RUNNING: Final = 256
"""Sequences in one step."""
