"""Random requests, many of them with a common prefix."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from palaver.generation.request import GenerationRequest, Prompt, SamplingParams

from .naive import STOP, VOCAB

_COMMON = [(7 * i) % (VOCAB - 4) + 4 for i in range(24)]
_TOKEN_IDS = st.integers(4, VOCAB - 1)


def request(request_id: int, token_ids: list[int], **params: Any) -> GenerationRequest:
    """A request for one choice, sampled at temperature 1 and not ended by a stop token."""
    num_choices = params.pop("num_choices", 1)
    params = {"max_tokens": 8, "seed": 1000 + request_id, **params}
    return GenerationRequest(request_id, Prompt(token_ids), SamplingParams(**params), num_choices)


def token_ids(num: int, salt: int = 0) -> list[int]:
    """A prompt of ``num`` tokens; another ``salt`` gives one that differs from its first token."""
    return [(5 * i + i // 7 + salt) % (VOCAB - 4) + 4 for i in range(num)]


@st.composite
def prompts(draw: st.DrawFn) -> Prompt:
    """1 to 34 tokens."""
    common = _COMMON[: draw(st.integers(0, len(_COMMON)))]
    return Prompt(common + draw(st.lists(_TOKEN_IDS, min_size=not common, max_size=10)))


@st.composite
def requests(draw: st.DrawFn, request_id: int, max_tokens: int = 12) -> GenerationRequest:
    """Any request for a prompt of :func:`prompts`."""
    params = SamplingParams(
        max_tokens=draw(st.integers(1, max_tokens)),
        seed=draw(st.integers(0, 2**64 - 1)),
        temperature=draw(st.sampled_from([0.0, 0.7, 1.5])),
        top_p=draw(st.sampled_from([1.0, 0.8])),
        top_k=draw(st.sampled_from([0, 5])),
        presence_penalty=draw(st.sampled_from([0.0, 1.0])),
        repetition_penalty=draw(st.sampled_from([1.0, 1.2])),
        stop_token_ids=draw(st.sampled_from([(), (STOP,)])),
        num_top_logprobs=draw(st.sampled_from([None, 0, 2])),
    )
    num_choices = draw(st.sampled_from([1, 1, 2, 4]))
    return GenerationRequest(request_id, draw(prompts()), params, num_choices)


@st.composite
def request_lists(draw: st.DrawFn) -> list[GenerationRequest]:
    """1 to 8 requests."""
    return [draw(requests(i)) for i in range(draw(st.integers(1, 8)))]
