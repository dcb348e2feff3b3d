"""Checks of a request before it is queued."""

from __future__ import annotations

from palaver.engine.sampling.sampler import FORBIDDEN
from palaver.errors import InvalidRequest
from palaver.generation.request import GenerationRequest
from palaver.runtime.base import Runtime


def check_request(request: GenerationRequest, runtime: Runtime) -> None:
    """Make sure that an engine can serve a request over a runtime.

    Raises:
        InvalidRequest: The cache is too small for prompt and answer together, ``logit_bias`` names
            a token outside the vocabulary or forbids all tokens, or the request wants hidden states
            and the model was exported without them.
    """
    shape = runtime.shape
    if request.wants_hidden_states and not runtime.has_hidden_states:
        raise InvalidRequest("this model was exported without its hidden states")
    _check_bias(request.params.logit_bias, shape.vocab_size)
    num_tokens = len(request.prompt) + request.params.max_tokens
    num_fitting = shape.num_blocks * shape.block_size_tokens
    if num_tokens > num_fitting:
        raise InvalidRequest(
            f"messages: {len(request.prompt)} prompt tokens and up to "
            f"{request.params.max_tokens} more do not fit into a cache of {num_fitting} tokens",
            param="messages",
        )


def _check_bias(bias: dict[int, float], vocab_size: int) -> None:
    unknown = next((i for i in bias if not 0 <= i < vocab_size), None)
    if unknown is not None:
        raise InvalidRequest(
            f"logit_bias: names token {unknown}; there are tokens 0 to {vocab_size - 1}",
            param="logit_bias",
        )
    if len(bias) == vocab_size and max(bias.values()) <= FORBIDDEN:
        raise InvalidRequest("logit_bias: forbids every token", param="logit_bias")
