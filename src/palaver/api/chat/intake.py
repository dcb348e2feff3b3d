"""Turns a validated request body into one complete chat request."""

from __future__ import annotations

import msgspec

from palaver.api.chat.audio import spoken_text
from palaver.api.chat.response_formats import checked_schema, checked_tools, schema_path
from palaver.api.parts import Parts
from palaver.api.wire.audio import AudioOptions
from palaver.api.wire.request import ChatCompletionRequest
from palaver.api.wire.tools import ChosenTool
from palaver.chat.request import AudioRequest, ChatRequest, Message
from palaver.generation.request import Sampling
from palaver.models.model import Model


async def chat_request(
    body: ChatCompletionRequest, model: Model, parts: Parts, account: str
) -> ChatRequest:
    """A request in the chat layer's terms: defaults filled in, media read, schemas checked.

    Args:
        body: The validated request body.
        model: The model that it names.
        parts: The server's parts, which read media and check schemas.
        account: Id of the API key that the request came with.

    Raises:
        InvalidRequest: Media cannot be read, a schema cannot be enforced, or the request refers to
            a spoken answer that is not known.
    """
    choice = body.tool_choice or "auto"
    chosen = choice.function.name if isinstance(choice, ChosenTool) else None
    messages = _messages(body, parts)
    media = await parts.media.read(body.media, model)
    tools = [tool.to_chat(i) for i, tool in enumerate(body.tools or ())]
    return ChatRequest(
        messages=messages,
        tools=await checked_tools(tools, parts.schemas),
        tool_choice="required" if isinstance(choice, ChosenTool) else choice,
        chosen_tool=chosen,
        parallel_tool_calls=body.parallel_tool_calls is not False,
        media=media,
        max_tokens=body.max_tokens or body.max_completion_tokens,
        context_length_exceeded_behavior=body.context_length_exceeded_behavior or "truncate",
        num_choices=body.n or 1,
        stop=body.stop or (),
        enable_thinking=body.is_thinking_wanted,
        reasoning_effort=body.reasoning_effort,
        separate_reasoning=bool(body.separate_reasoning),
        answer_schema=await checked_schema(body.response_format, parts.schemas),
        answer_schema_path=schema_path(body.response_format),
        seed=body.seed,
        sampling=_sampling(body),
        num_top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        audio=_audio(body),
        account=account,
    )


def _sampling(body: ChatCompletionRequest) -> Sampling:
    """The fields of :class:`Sampling`, which have the same names in the request body."""
    given = {name: getattr(body, name) for name in Sampling.__struct_fields__}
    sampling = Sampling(**{name: value for name, value in given.items() if value is not None})
    return msgspec.structs.replace(sampling, top_k=max(sampling.top_k, 0))  # -1 means all, as 0


def _audio(body: ChatCompletionRequest) -> AudioRequest | None:
    if not body.is_spoken:
        return None
    options, is_streamed = body.audio or AudioOptions(), bool(body.stream)
    format_ = options.format or ("pcm16" if is_streamed else "wav")
    return AudioRequest(options.voice, format_, is_streamed)


def _messages(body: ChatCompletionRequest, parts: Parts) -> list[Message]:
    """The messages as templates read them; a reference to a spoken answer becomes its text."""
    messages: list[Message] = []
    for i, message in enumerate(body.messages):
        if message.audio:
            text = spoken_text(message.audio.id, f"messages[{i}].audio.id", parts)
            if message.content is None:
                message = message.model_copy(update={"content": text})  # noqa: PLW2901
        messages.append(message.for_template())
    return messages
