"""What the engine is asked to generate."""

from __future__ import annotations

import msgspec


class Grammar(msgspec.Struct, frozen=True, array_like=True):
    """What an answer must look like, token by token.

    Attributes:
        source: The grammar, in llguidance's dialect of Lark.
        field: Field of the request that asked for it, for error messages.
    """

    source: str
    field: str


class SamplingParams(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How the tokens of a request are drawn.

    Attributes:
        max_tokens: Tokens to generate at most, per choice.
        seed: Seed of the random numbers, 0 to 2**64 - 1.
        temperature: 0 is greedy.
        top_p: Smallest probability mass to keep, 0 < x <= 1.
        top_k: Number of likeliest tokens to keep; 0 keeps all.
        min_p: Least probability to keep, relative to the likeliest token, 0 to 1.
        presence_penalty: Subtracted once from tokens that the answer has used.
        frequency_penalty: Subtracted for each time that the answer has used a token.
        repetition_penalty: Divides (or multiplies, if negative) logits of prompt and answer tokens.
        logit_bias: Token ids to -100 (forbids) … 100 (forces), added to their logits.
        stop_token_ids: Tokens that end an answer; the token itself is reported.
        num_top_logprobs: Likeliest tokens to report beside each token; ``None`` reports no log
            probabilities at all.
        grammar: What the answer must look like; ``None`` leaves it free.
    """

    max_tokens: int
    seed: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: dict[int, float] = {}
    stop_token_ids: tuple[int, ...] = ()
    num_top_logprobs: int | None = None
    grammar: Grammar | None = None

    @property
    def has_penalties(self) -> bool:
        """Whether any of the three penalties changes a logit."""
        return bool(self.presence_penalty or self.frequency_penalty) or self.repetition_penalty != 1


class Prompt(msgspec.Struct, frozen=True, array_like=True):
    """What a model reads before it answers.

    A class rather than a list, so that spans of pictures and sound can lie beside the ids.

    Attributes:
        token_ids: The rendered conversation, at least one token.
    """

    token_ids: list[int]

    def __len__(self) -> int:
        return len(self.token_ids)


class GenerationRequest(msgspec.Struct, frozen=True, array_like=True):
    """One prompt and the choices wanted for it.

    Attributes:
        request_id: Names the request on its way through the engine; unique while it lives.
        prompt: What to read; computed once for all choices.
        params: How to draw.
        num_choices: Answers wanted, 1 to 128.
    """

    request_id: int
    prompt: Prompt
    params: SamplingParams
    num_choices: int = 1
