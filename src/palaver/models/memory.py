"""How much memory a model will need, from its configuration alone."""

from __future__ import annotations

from palaver.models.files import ModelFiles
from palaver.runtime.config import CachePrecision

_BYTES = {"u8": 1, "f16": 2, "bf16": 2, "f32": 4}
_SCALE_BYTES = 8
"""Scale and zero point of a row of a u8 cache, in single precision."""
_BLOCK_TOKENS = 32
"""Tokens of a cache block, as OpenVINO has it on every processor."""


def num_cache_tokens(files: ModelFiles, precision: CachePrecision, cache_bytes: int) -> int | None:
    """Tokens that a cache of that size holds, in whole blocks.

    Returns:
        ``None`` where the configuration does not say.
    """
    per_token = cache_bytes_per_token(files, precision)
    if not per_token:
        return None
    return cache_bytes // (per_token * _BLOCK_TOKENS) * _BLOCK_TOKENS


def cache_bytes_per_token(files: ModelFiles, precision: CachePrecision) -> int | None:
    """Memory of one token's keys and values over all layers.

    Returns:
        ``None`` where the configuration does not say.
    """
    text = files.text_config
    try:
        num_heads = int(text["num_attention_heads"])
        num_kv_heads = int(text.get("num_key_value_heads") or num_heads)
        head_size = int(text.get("head_dim") or int(text["hidden_size"]) // num_heads)
        num_layers = int(text["num_hidden_layers"])
    except (KeyError, TypeError, ValueError):
        return None
    row_bytes = head_size * _BYTES[precision] + (_SCALE_BYTES if precision == "u8" else 0)
    return 2 * num_layers * num_kv_heads * row_bytes
