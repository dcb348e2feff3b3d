"""The multimodal configuration of a model, from the files of its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from palaver.errors import ModelFolderError
from palaver.multimodal.media import Kind

FamilyName: TypeAlias = Literal["qwen3_omni", "qwen3_vl"]

_FAMILIES: dict[str, FamilyName] = {"qwen3_omni_moe": "qwen3_omni", "qwen3_vl": "qwen3_vl"}
_OMNI_FRAME_PIXELS = (128 * 32 * 32, 768 * 32 * 32)
"""Bounds of a frame's pixels that transformers' processor has built in for this family."""


@dataclass(frozen=True, slots=True)
class PixelBudget:
    """How many pixels an image or video may have when it is encoded."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """How images are resized and cut into patches.

    Attributes:
        patch_size: Pixels along each side of a patch.
        merge_size: Patches along each side of the square that becomes one token.
        num_frames: Frames that one patch covers.
        mean, std: Mean and standard deviation of each colour, for normalisation.
        side: Position embeddings along each side of their square.
        head_size: Width of an attention head of the encoder.
        num_deep: Layers of the language model that get deepstack features.
        image: Pixels of an image.
        video: Pixels of a video: of each frame in Qwen3-Omni, of all frames in Qwen3-VL.
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
        """Pixels along each side of the square that becomes one token."""
        return self.patch_size * self.merge_size


@dataclass(frozen=True, slots=True)
class MultimodalConfig:
    """The configuration of a multimodal model.

    Attributes:
        family: The family, which decides the rules.
        vision: Sizes of the vision encoder.
        hidden_size: Width of a token's embedding.
        pad_token_ids: The placeholder token of each kind of media that the model takes.
        text: The language model's part of ``config.json``.
        positions_per_s: Positions in a second of video (Qwen3-Omni).
    """

    family: FamilyName
    vision: VisionConfig
    hidden_size: int
    pad_token_ids: dict[Kind, int]
    text: dict[str, Any]
    positions_per_s: int = 13

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of media that the model takes."""
        return frozenset(self.pad_token_ids)


def multimodal_config(
    source: str,
    config: dict[str, Any],
    processors: Mapping[str, dict[str, Any]],
    *,
    has_audio: bool,
) -> MultimodalConfig:
    """The multimodal configuration of a model, from its JSON files.

    Args:
        source: Where they come from, for messages.
        config: ``config.json``.
        processors: ``processor_config``, ``preprocessor_config`` and ``video_preprocessor_config``
            by these names, as far as the files exist.
        has_audio: Whether the folder has an audio encoder.

    Raises:
        ModelFolderError: The model is of no known family, or its files lack something.
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
