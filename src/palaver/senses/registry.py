"""From a model's folder to the rules that it follows."""

from __future__ import annotations

from palaver.senses.config import SensesConfig
from palaver.senses.placement import Senses
from palaver.senses.qwen3_omni import Qwen3Omni
from palaver.senses.qwen3_vl import Qwen3VL


def senses_of(config: SensesConfig) -> Senses:
    """The rules for a model with these senses."""
    if config.family == "qwen3_omni":
        return Qwen3Omni(config)
    return Qwen3VL(config)
