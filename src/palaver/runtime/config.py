"""The configuration of a runtime, serialisable for another process."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from palaver.multimodal.config import MultimodalConfig

CachePrecision: TypeAlias = Literal["u8", "f16", "bf16", "f32"]
InferencePrecision: TypeAlias = Literal["auto", "f32", "bf16"]


class RuntimeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a runtime needs to know.

    Attributes:
        folder: Path of the model's folder.
        cache_bytes: Memory for keys and values.
        cache_precision: Their number format; answers are reproducible bit for bit with all but u8.
            f16 means 16 bits: it is bf16 where inference is. bf16 and f32 need the same inference
            precision.
        inference_precision: Number format of everything else; ``auto`` is the fastest that the
            processor computes natively.
        num_threads: Threads of a step; 0 means one for each core that the process may use.
        max_cache_tokens: Upper bound of the cache in tokens; 0 means none.
        multimodal: How the model takes more than text; ``None`` for a text model.
        kind: ``fake`` is the runtime without a model that tests use.
    """

    folder: str
    cache_bytes: int
    cache_precision: CachePrecision = "f16"
    inference_precision: InferencePrecision = "auto"
    num_threads: int = 0
    max_cache_tokens: int = 0
    multimodal: MultimodalConfig | None = None
    kind: Literal["openvino", "fake"] = "openvino"
