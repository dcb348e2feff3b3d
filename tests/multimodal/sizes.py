"""The configuration of a multimodal model with round sizes."""

from __future__ import annotations

from palaver.multimodal.config import FamilyName, MultimodalConfig, PixelBudget, VisionConfig

VISION = VisionConfig(
    patch_size=16,
    merge_size=2,
    num_frames=2,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
    side=8,
    head_size=16,
    num_deep=2,
    image=PixelBudget(64 * 64, 256 * 256),
    video=PixelBudget(64 * 64, 8 * 128 * 128),
)


def config_of(family: FamilyName = "qwen3_omni") -> MultimodalConfig:
    """A vision encoder, and in Qwen3-Omni an audio encoder too."""
    pads = {"image": 5, "video": 6} | ({"audio": 9} if family == "qwen3_omni" else {})
    return MultimodalConfig(family, VISION, 64, pads, {})  # type: ignore[arg-type]
