"""The rules of each model family."""

from __future__ import annotations

from palaver.multimodal.config import MultimodalConfig
from palaver.multimodal.placement import MultimodalRules
from palaver.multimodal.qwen3_omni import Qwen3Omni
from palaver.multimodal.qwen3_vl import Qwen3VL


def rules_of(config: MultimodalConfig) -> MultimodalRules:
    """The rules for a model with this configuration."""
    if config.family == "qwen3_omni":
        return Qwen3Omni(config)
    return Qwen3VL(config)
