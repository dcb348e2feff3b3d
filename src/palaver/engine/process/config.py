"""The configuration of an engine process, serialisable for its command line."""

from __future__ import annotations

import msgspec

from palaver.engine.defaults import DEFAULT_MAX_RUNNING, DEFAULT_MAX_STEP_TOKENS
from palaver.runtime.config import RuntimeConfig

DEFAULT_ENCODER_CACHE_BYTES = 256 * 2**20


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine process runs; passed to it on its command line.

    Attributes:
        runtime: The model to load.
        max_step_tokens: Tokens of one step.
        max_running: Sequences in one step.
        token_timeout_s: Seconds without a token after which the API process fails a request.
        encoder_cache_bytes: Memory for encoded images, video and audio.
        stop_token_ids: Tokens that end the answers of most requests; the vocabulary is prepared for
            grammars with them, which takes a second if it is large.
        tokenizer: Path of the model's ``tokenizer.json``; without one, grammars are refused.
        start_timeout_s: Seconds that the process may take to load the model.
    """

    runtime: RuntimeConfig
    max_step_tokens: int = DEFAULT_MAX_STEP_TOKENS
    max_running: int = DEFAULT_MAX_RUNNING
    token_timeout_s: float = 600.0
    encoder_cache_bytes: int = DEFAULT_ENCODER_CACHE_BYTES
    stop_token_ids: tuple[int, ...] = ()
    tokenizer: str = ""
    start_timeout_s: float = 1800.0
