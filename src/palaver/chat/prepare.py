"""From a request to what a backend is asked to generate."""

from __future__ import annotations

import secrets
from array import array
from dataclasses import dataclass
from hashlib import blake2b

from msgspec.structs import asdict

from palaver.chat.grammar.answer import AnswerForm, Thinking, answer_grammar
from palaver.chat.model import ChatModel, RenderedPrompt
from palaver.chat.request import ChatRequest
from palaver.generation.request import Grammar, Prompt, SamplingParams


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request in a backend's terms, and what reading its answers takes.

    Attributes:
        prompt: What to read.
        params: How to draw.
        num_choices: Answers wanted.
        reasoning_opening: The thinking tag that the template has opened at the end, or ``""``.
        call_seed: What the ids of tool calls are made from.
    """

    prompt: Prompt
    params: SamplingParams
    num_choices: int
    reasoning_opening: str
    call_seed: str


def prepare(request: ChatRequest, model: ChatModel) -> Prepared:
    """A request as a model's backend is to be asked.

    Takes milliseconds for a long conversation.

    Raises:
        InvalidRequest: The conversation does not suit the model or its window.
    """
    rendered = model.render(request)
    params = _sampling_params(request, model, rendered)
    return Prepared(
        prompt=rendered.prompt,
        params=params,
        num_choices=request.num_choices,
        reasoning_opening=rendered.reasoning_opening,
        call_seed=_call_seed(request, rendered.prompt, params),
    )


def _call_seed(request: ChatRequest, prompt: Prompt, params: SamplingParams) -> str:
    """What the ids of calls are made from: one seed may serve a whole conversation."""
    digest = blake2b(array("q", prompt.token_ids).tobytes(), digest_size=16)
    for span in prompt.placeholders:
        digest.update(span.content_hash)
    is_certain = request.sampling.temperature == 0 and request.seed is None
    return f"{0 if is_certain else params.seed}/{digest.hexdigest()}"


def _sampling_params(
    request: ChatRequest, model: ChatModel, prompt: RenderedPrompt
) -> SamplingParams:
    return SamplingParams(
        **asdict(request.sampling),
        max_tokens=model.answer_length(request, len(prompt.prompt)),
        seed=secrets.randbits(64) if request.seed is None else request.seed % 2**64,
        stop_token_ids=model.stop_token_ids,
        num_top_logprobs=request.num_top_logprobs,
        grammar=_grammar(request, model, prompt),
    )


def _grammar(request: ChatRequest, model: ChatModel, prompt: RenderedPrompt) -> Grammar | None:
    """What the answer must look like, after the thinking that may come first."""
    if request.answer_schema is None and not request.tools:
        return None
    if prompt.reasoning_opening:
        thinking = Thinking.OPENED
    else:
        may_think = request.enable_thinking or not model.can_think
        thinking = Thinking.POSSIBLE if may_think else Thinking.NONE
    form = AnswerForm(
        schema=request.answer_schema,
        tools=request.callable_tools,
        can_be_text=request.tool_choice != "required",
        is_parallel=request.parallel_tool_calls and request.chosen_tool is None,
    )
    source = answer_grammar(model.dialect.family, model.tokenizer, form, thinking)
    return Grammar(source, "tools" if request.tools else request.answer_schema_path)
