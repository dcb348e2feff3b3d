"""What one grammar may cost, where it is checked and where it is followed."""

from __future__ import annotations

from llguidance import LLParserLimits

LIMITS = LLParserLimits(verbose_errors=False)
"""llguidance's bounds of size and work, for each token and for the grammar as a whole."""
