"""The paths of the API."""

from __future__ import annotations

PREFIXES = ("/v1", "/openai/v1", "/v3/openai", "/openai")
"""The hosted service's clients use all four (spec row S01)."""
