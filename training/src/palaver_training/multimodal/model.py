"""The network: a small dense Qwen3-Omni thinker around the existing text model.

transformers' own modules compute it, so that what is trained is what optimum-intel exports.
``training/checkpoint`` holds its weights, under the names of ``Network.state_dict()``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeThinkerForConditionalGeneration

from palaver_training.folders import CHECKPOINT_FOLDER
from palaver_training.multimodal.batch import Inputs
from palaver_training.multimodal.sizes import thinker_config

WEIGHTS_FILE = "model.safetensors"
_HEAD = "lm_head.weight"
_ENCODERS = ("visual.", "audio_tower.")


def new_thinker(tokenizer: Tokenizer, folder: Path = CHECKPOINT_FOLDER) -> Any:
    """The network with the weights of a folder; encoders that it lacks are initialised at random.

    Raises:
        ValueError: The weights do not fit.
    """
    config = Qwen3OmniMoeConfig(thinker_config=thinker_config(tokenizer)).thinker_config
    thinker = Qwen3OmniMoeThinkerForConditionalGeneration(config).float()
    load_weights(thinker, load_file(folder / WEIGHTS_FILE))
    thinker.lm_head.weight = thinker.model.embed_tokens.weight
    keep_to_seconds(thinker.audio_tower)
    return thinker


def load_weights(thinker: Any, weights: Mapping[str, Tensor]) -> None:
    """Load weights of the whole thinker or of its text model alone.

    Raises:
        ValueError: They do not fit.
    """
    known = {name: value.float() for name, value in weights.items() if name != _HEAD}
    missing, unexpected = thinker.load_state_dict(known, strict=False)
    has_encoders = any(name.startswith(_ENCODERS) for name in known)
    may_lack = (_HEAD,) if has_encoders else (_HEAD, *_ENCODERS)
    forgotten = [name for name in missing if not name.startswith(may_lack)]
    if forgotten or unexpected:
        raise ValueError(f"the weights do not fit: {forgotten} missing, {unexpected} too many")


def load_averaged(thinker: Any, path: Path) -> None:
    """Load the averaged weights of a run, with encoders or of text alone.

    Raises:
        ValueError: They do not fit.
    """
    found = torch.load(path, weights_only=True, map_location="cpu")["average"]
    prefix = "module."
    load_weights(
        thinker, {n.removeprefix(prefix): w for n, w in found.items() if n.startswith(prefix)}
    )


def write_weights(thinker: Any, folder: Path) -> None:
    """Write the weights in float16, with the ``config.json`` that transformers wants beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    state = thinker.state_dict()
    weights = {name: w.half().contiguous() for name, w in state.items() if name != _HEAD}
    save_file(weights, folder / WEIGHTS_FILE, metadata={"format": "pt"})
    architectures = {"architectures": [type(thinker).__name__], "dtype": "float16"}
    config = thinker.config.to_diff_dict() | architectures
    text = json.dumps(config, indent=2, sort_keys=True)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


def keep_to_seconds(tower: Any) -> None:
    """Let the audio encoder attend within each second only, as its export does."""
    for layer in tower.layers:
        whole = layer.self_attn.forward

        def attend(hidden_states: Any, cu_seqlens: Any, whole: Any = whole, **_: Any) -> Any:
            mask = tower._prepare_attention_mask(hidden_states, cu_seqlens)
            return whole(hidden_states=hidden_states, cu_seqlens=cu_seqlens, attention_mask=mask)

        layer.self_attn.forward = attend


def hidden_states(thinker: Any, inputs: Inputs) -> Tensor:
    """``float32[B, T, hidden size]`` in front of the head, as transformers computes it."""
    rows = thinker.model.embed_tokens(inputs.token_ids)
    visual: dict[str, Any] = {}
    if inputs.vision is not None:
        output = thinker.visual(inputs.vision.patches, grid_thw=inputs.vision.grids)
        rows = rows.masked_scatter(inputs.is_vision[:, :, None], output.pooler_output)
        visual["visual_pos_masks"] = inputs.is_vision
        visual["deepstack_visual_embeds"] = output.deepstack_features
    if inputs.audio is not None:
        mel, num_frames = inputs.audio.whole()
        output = thinker.audio_tower(mel, feature_lens=num_frames)
        rows = rows.masked_scatter(inputs.is_audio[:, :, None], output.last_hidden_state)
    return thinker.model(
        inputs_embeds=rows, position_ids=inputs.positions, use_cache=False, **visual
    ).last_hidden_state


def num_parameters(module: torch.nn.Module) -> int:
    """The number of parameters."""
    return sum(parameter.numel() for parameter in module.parameters())
