"""Refuses requests that a model's backend cannot serve, naming the field that needs more."""

from __future__ import annotations

from palaver.errors import InvalidRequest
from palaver.generation.backend import Capabilities
from palaver.generation.request import GenerationRequest


def check_capabilities(request: GenerationRequest, capabilities: Capabilities, model: str) -> None:
    """Refuse a request that needs more than a backend can do.

    Args:
        request: The request as the backend would get it.
        capabilities: What the backend can do.
        model: The model's name, for messages.

    Raises:
        InvalidRequest: It needs more; the message names the field that asks for it.
    """
    grammar = request.params.grammar
    if grammar is not None and not capabilities.grammars:
        raise _refusal(grammar.field, "needs answers that follow a grammar", model)
    if request.params.num_top_logprobs is not None and not capabilities.logprobs:
        raise _refusal("logprobs", "needs log probabilities", model)
    kinds = {placeholder.kind for placeholder in request.prompt.placeholders}
    if missing := sorted(kinds - capabilities.media):
        raise _refusal("messages", f"needs {', '.join(missing)} input", model)
    if request.wants_hidden_states and not capabilities.hidden_states:
        raise InvalidRequest(
            "audio.voice: this model was exported without hidden states, which its talker "
            "needs for images, video and audio; name another voice, or none",
            param="audio.voice",
        )
    if request.script is not None and not capabilities.scripts:
        raise _refusal("script", "needs a backend that plays scripts", model)


def _refusal(field: str, what: str, model: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {what}, which model {model!r} cannot do here", param=field)
