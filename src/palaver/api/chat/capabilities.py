"""What a model's backend cannot do is refused here, in terms of the request's fields."""

from __future__ import annotations

from palaver.errors import InvalidRequest
from palaver.generation.backend import Capabilities
from palaver.generation.request import GenerationRequest


def check_capabilities(request: GenerationRequest, capabilities: Capabilities, model: str) -> None:
    """Make sure that a backend can do what a request needs.

    Args:
        request: As the backend would get it.
        capabilities: Of the backend.
        model: Its name, for messages.

    Raises:
        InvalidRequest: It cannot; the message names the field that asks for it.
    """
    grammar = request.params.grammar
    if grammar is not None and not capabilities.grammars:
        raise _refusal(grammar.field, "needs answers of a given form", model)
    if request.params.num_top_logprobs is not None and not capabilities.logprobs:
        raise _refusal("logprobs", "needs log probabilities", model)
    kinds = {placeholder.kind for placeholder in request.prompt.placeholders}
    if missing := sorted(kinds - capabilities.media):
        raise _refusal("messages", f"brings {', '.join(missing)} input", model)
    if request.wants_hidden_states and not capabilities.hidden_states:
        raise InvalidRequest(
            "audio.voice: this model was exported without what its talker needs to speak of "
            "images, video and audio; name another voice, or none",
            param="audio.voice",
        )
    if request.script is not None and not capabilities.scripts:
        raise _refusal("script", "brings a script", model)


def _refusal(field: str, what: str, model: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {what}, which model {model!r} cannot do here", param=field)
