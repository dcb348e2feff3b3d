"""Turns a request into a prompt and sampling parameters."""

from __future__ import annotations

import secrets
from array import array
from dataclasses import dataclass
from hashlib import blake2b

from msgspec.structs import asdict

from palaver.chat.grammar.answer import AnswerRules, Thinking, answer_grammar
from palaver.chat.model import ChatModel, RenderedPrompt
from palaver.chat.request import ChatRequest
from palaver.generation.request import Grammar, Prompt, SamplingParams


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request in a backend's terms, and what processing its answers needs.

    Attributes:
        prompt: The prompt.
        params: The sampling parameters.
        num_choices: Number of answers.
        reasoning_opening: The opening tag of thinking at the end of the prompt, or ``""``.
        call_seed: Prefix from which the ids of tool calls are derived.
    """

    prompt: Prompt
    params: SamplingParams
    num_choices: int
    reasoning_opening: str
    call_seed: str


def prepare(request: ChatRequest, model: ChatModel) -> Prepared:
    """A request as the model's backend gets it.

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
    """The prefix of call ids; it depends on the prompt, since turns may share a seed."""
    digest = blake2b(array("q", prompt.token_ids).tobytes(), digest_size=16)
    for placeholder in prompt.placeholders:
        digest.update(placeholder.content_hash)
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
    """The grammar of the answer and any thinking before it; ``None`` if there are no rules."""
    if request.answer_schema is None and not request.tools:
        return None
    if prompt.reasoning_opening:
        thinking = Thinking.OPENED
    else:
        may_think = request.enable_thinking or not model.can_think
        thinking = Thinking.POSSIBLE if may_think else Thinking.NONE
    rules = AnswerRules(
        schema=request.answer_schema,
        tools=request.callable_tools,
        can_be_text=request.tool_choice != "required",
        is_parallel=request.parallel_tool_calls and request.chosen_tool is None,
    )
    source = answer_grammar(model.dialect.family, model.tokenizer, rules, thinking)
    return Grammar(source, "tools" if request.tools else request.answer_schema_path)
