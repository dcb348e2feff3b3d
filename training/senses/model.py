"""The network: a small dense Qwen3-Omni thinker around the text model that there is.

transformers' own modules compute it, so that what is trained is what optimum-intel exports. The
language model has the sizes and the weights of the text model; the encoders begin at random.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import Qwen3OmniMoeConfig, Qwen3OmniMoeThinkerForConditionalGeneration

from training.senses.batch import Inputs
from training.senses.sizes import thinker_config

CHECKPOINT_FOLDER = Path(__file__).parents[1] / "checkpoint"


def new_thinker(tokenizer: Tokenizer) -> Any:
    """The network with the text model's weights and encoders that know nothing yet."""
    config = Qwen3OmniMoeConfig(thinker_config=thinker_config(tokenizer)).thinker_config
    thinker = Qwen3OmniMoeThinkerForConditionalGeneration(config).float()
    weights = load_file(CHECKPOINT_FOLDER / "model.safetensors")
    known = {name: value.float() for name, value in weights.items() if name != "lm_head.weight"}
    missing, unexpected = thinker.load_state_dict(known, strict=False)
    forgotten = [name for name in missing if name.startswith("model.")]
    if forgotten or unexpected:
        raise ValueError(f"the text model does not fit: {forgotten} missing, {unexpected} too many")
    thinker.lm_head.weight = thinker.model.embed_tokens.weight
    keep_to_seconds(thinker.audio_tower)
    return thinker


def keep_to_seconds(tower: Any) -> None:
    """Let the sound encoder attend within each second only, as its export does."""
    for layer in tower.layers:
        whole = layer.self_attn.forward

        def attend(hidden_states: Any, cu_seqlens: Any, whole: Any = whole, **_: Any) -> Any:
            mask = tower._prepare_attention_mask(hidden_states, cu_seqlens)
            return whole(hidden_states=hidden_states, cu_seqlens=cu_seqlens, attention_mask=mask)

        layer.self_attn.forward = attend


def hidden_states(thinker: Any, inputs: Inputs) -> Tensor:
    """``float32[B, T, hidden size]`` in front of the head, as transformers computes it."""
    rows = thinker.model.embed_tokens(inputs.token_ids)
    seen: dict[str, Any] = {}
    if inputs.seen is not None:
        output = thinker.visual(inputs.seen.patches, grid_thw=inputs.seen.grids)
        rows = rows.masked_scatter(inputs.is_seen[:, :, None], output.pooler_output)
        seen["visual_pos_masks"] = inputs.is_seen
        seen["deepstack_visual_embeds"] = output.deepstack_features
    if inputs.heard is not None:
        mel, num_frames = inputs.heard.whole()
        output = thinker.audio_tower(mel, feature_lens=num_frames)
        rows = rows.masked_scatter(inputs.is_heard[:, :, None], output.last_hidden_state)
    return thinker.model(
        inputs_embeds=rows, position_ids=inputs.positions, use_cache=False, **seen
    ).last_hidden_state


def num_parameters(module: torch.nn.Module) -> int:
    """How many numbers are learned."""
    return sum(parameter.numel() for parameter in module.parameters())
