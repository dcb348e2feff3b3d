"""Limits of one grammar, for checking and for following it."""

from __future__ import annotations

from llguidance import LLParserLimits

LIMITS = LLParserLimits(verbose_errors=False)
"""llguidance's limits of size and work, for each token and for the grammar as a whole."""
