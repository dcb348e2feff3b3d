"""What a model's folder says about media."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from palaver.errors import ModelFolderError
from palaver.multimodal.media import Kind

FamilyName: TypeAlias = Literal["qwen3_omni", "qwen3_vl"]

_FAMILIES: dict[str, FamilyName] = {"qwen3_omni_moe": "qwen3_omni", "qwen3_vl": "qwen3_vl"}
_OMNI_FRAME_PIXELS = (128 * 32 * 32, 768 * 32 * 32)
"""Pixels of a frame as transformers' processor sets them, whatever the folder says."""


@dataclass(frozen=True, slots=True)
class PixelBudget:
    """How many pixels an image or video may have when the model sees it."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """How images are cut into patches.

    Attributes:
        patch_size: Pixels along each side of a patch.
        merge_size: Patches along each side of what becomes one token.
        num_frames: Frames that one patch covers.
        mean, std: Of each colour, to normalise with.
        side: Position embeddings along each side of their square.
        head_size: Width of an attention head of the encoder.
        num_deep: Layers of the language model that get features of their own.
        image: Pixels of an image.
        video: Pixels of a video: of each frame in Qwen3-Omni, of all together in Qwen3-VL.
    """

    patch_size: int
    merge_size: int
    num_frames: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    side: int
    head_size: int
    num_deep: int
    image: PixelBudget
    video: PixelBudget

    @property
    def factor(self) -> int:
        """Pixels along each side of what becomes one token."""
        return self.patch_size * self.merge_size


@dataclass(frozen=True, slots=True)
class MultimodalConfig:
    """A model that takes more than text.

    Attributes:
        family: Whose rules it follows.
        vision: How it sees.
        hidden_size: Width of a token's embedding.
        pad_token_ids: The token that stands for each kind it takes.
        text: The language model's part of ``config.json``.
        positions_per_s: Steps of position in a second of video (Qwen3-Omni).
    """

    family: FamilyName
    vision: VisionConfig
    hidden_size: int
    pad_token_ids: dict[Kind, int]
    text: dict[str, Any]
    positions_per_s: int = 13

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it takes beside text."""
        return frozenset(self.pad_token_ids)


def multimodal_config(
    source: str,
    config: dict[str, Any],
    processors: Mapping[str, dict[str, Any]],
    *,
    has_audio: bool,
) -> MultimodalConfig:
    """How a model takes more than text, from its descriptions.

    Args:
        source: Where they come from, for messages.
        config: ``config.json``.
        processors: ``processor_config``, ``preprocessor_config`` and ``video_preprocessor_config``,
            as far as they are there, by these names.
        has_audio: Whether there is an audio encoder.

    Raises:
        ModelFolderError: The model is of no known family, or its descriptions lack something.
    """
    family = _FAMILIES.get(str(config.get("model_type")))
    if family is None:
        known = ", ".join(_FAMILIES)
        raise ModelFolderError(
            f"{source}: a model of type {config.get('model_type')!r} that takes more than text; "
            f"known are {known}"
        )
    try:
        return _multimodal(family, config.get("thinker_config", config), processors, has_audio)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFolderError(
            f"{source}: its files do not describe what it takes beside text: {error}"
        ) from error


def _multimodal(
    family: FamilyName,
    config: dict[str, Any],
    processors: Mapping[str, dict[str, Any]],
    has_audio: bool,
) -> MultimodalConfig:
    pads: dict[Kind, int] = {
        "image": config["image_token_id"],
        "video": config["video_token_id"],
    }
    if family == "qwen3_omni" and has_audio:
        pads["audio"] = config["audio_token_id"]
    return MultimodalConfig(
        family=family,
        vision=_vision(family, config["vision_config"], processors),
        hidden_size=int(config["text_config"]["hidden_size"]),
        pad_token_ids=pads,
        text=config["text_config"],
        positions_per_s=int(config.get("position_id_per_seconds") or 13),
    )


def _vision(
    family: FamilyName, config: dict[str, Any], processors: Mapping[str, dict[str, Any]]
) -> VisionConfig:
    processor = processors.get("processor_config", {})
    image = processor.get("image_processor") or processors.get("preprocessor_config", {})
    video = processor.get("video_processor") or processors.get("video_preprocessor_config", {})
    of_video = _budget(video or image)
    if family == "qwen3_omni" and of_video.most > _OMNI_FRAME_PIXELS[1]:
        of_video = PixelBudget(*_OMNI_FRAME_PIXELS)
    return VisionConfig(
        patch_size=int(config["patch_size"]),
        merge_size=int(config["spatial_merge_size"]),
        num_frames=int(config["temporal_patch_size"]),
        mean=tuple(image["image_mean"]),
        std=tuple(image["image_std"]),
        side=int(config["num_position_embeddings"] ** 0.5),
        head_size=int(config["hidden_size"]) // int(config["num_heads"]),
        num_deep=len(config["deepstack_visual_indexes"]),
        image=_budget(image),
        video=of_video,
    )


def _budget(processor: dict[str, Any]) -> PixelBudget:
    size = processor.get("size") or {}
    least = size.get("shortest_edge") or processor["min_pixels"]
    most = size.get("longest_edge") or processor["max_pixels"]
    return PixelBudget(int(least), int(most))
