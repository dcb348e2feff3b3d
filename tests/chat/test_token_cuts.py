"""An answer is the same however its tokens cut it, and its log probabilities have its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from palaver.chat.model import ChatModel
from palaver.chat.request import ChatRequest
from palaver.chat.turn import Turn
from palaver.generation.output import TokenLogprobs, TokenOutput
from tests.chat.cutting import STOPS, CutTokenizer, cut_bytes


@dataclass(frozen=True)
class Read:
    """An answer as a client reads it."""

    content: str
    reasoning: str
    finish_reason: str
    logprob_bytes: bytes


def read(
    model: ChatModel,
    pieces: Sequence[bytes],
    *,
    strips_space: bool = False,
    **options: bool | list[str],
) -> Read:
    """Feed an answer whose tokens are these pieces."""
    tokenizer = CutTokenizer(model.tokenizer, pieces, strips_space=strips_space)
    messages = [{"role": "user", "content": "ab"}]
    request = ChatRequest(messages=messages, num_top_logprobs=0, **options)  # type: ignore[arg-type]
    turn = Turn(request, replace(model, tokenizer=tokenizer, stop_token_ids=(10**6,)))
    last = len(pieces) - 1
    outputs = [
        TokenOutput(1, 0, i, "length" if i == last else None, 0, TokenLogprobs(-1.0, []))
        for i in range(len(pieces))
    ]
    deltas = [turn.feed(output) for output in outputs]
    (reason,) = {delta.finish_reason for delta in deltas} - {None}
    return Read(
        "".join(delta.content for delta in deltas),
        "".join(delta.reasoning for delta in deltas),
        str(reason),
        b"".join(delta.logprob.bytes for delta in deltas if delta.logprob),
    )


@given(
    pieces=cut_bytes(),
    stop=st.lists(st.sampled_from(STOPS), max_size=4),
    enable_thinking=st.booleans(),
    separate_reasoning=st.booleans(),
    strips_space=st.booleans(),
)
@example(
    pieces=[b"\nX"],
    stop=["X"],
    enable_thinking=True,
    separate_reasoning=True,
    strips_space=False,
)
def test_an_answer_is_the_same_however_its_tokens_cut_it(
    byte_model: ChatModel,
    pieces: list[bytes],
    stop: list[str],
    enable_thinking: bool,
    separate_reasoning: bool,
    strips_space: bool,
) -> None:
    options = {"enable_thinking": enable_thinking, "separate_reasoning": separate_reasoning}
    whole = b"".join(pieces)
    answers = [
        read(byte_model, cut, strips_space=strips_space, stop=stop, **options)
        for cut in ([whole], pieces, [bytes([byte]) for byte in whole])
    ]
    assert answers[0] == answers[1] == answers[2]


@given(pieces=cut_bytes(), stop=st.lists(st.sampled_from(STOPS), max_size=4), spaced=st.booleans())
@example(pieces=[b"a \xe4\xbd", b"\xa0"], stop=[" "], spaced=False)
@example(pieces=[b"X\x80\x80"], stop=["X"], spaced=False)
@example(pieces=[b" a", b" b"], stop=[], spaced=True)
def test_log_probabilities_have_exactly_the_bytes_of_the_text(
    byte_model: ChatModel, pieces: list[bytes], stop: list[str], spaced: bool
) -> None:
    answer = read(byte_model, pieces, strips_space=spaced, stop=stop)
    assert answer.logprob_bytes.decode(errors="replace") == answer.content


@pytest.mark.parametrize("is_separate", [False, True])
def test_log_probabilities_have_the_bytes_of_incomplete_characters(
    byte_model: ChatModel, is_separate: bool
) -> None:
    pieces = [b"a\xf0\x9f", b"\x91", b"\x8b\xe4", b"\xbd"]
    answer = read(byte_model, pieces, separate_reasoning=is_separate)
    assert answer.content == "a👋\ufffd"
    assert answer.logprob_bytes == b"".join(pieces)


@pytest.mark.parametrize(
    ("text", "content", "reasoning"),
    [
        ("hm</think>\n\nyes", "\n\n", "hm"),
        ("hm</think> \n\nyes", " \n\n", "hm"),
        ("hm</think>yes\n\nno", "yes\n\n", "hm"),
        ("\n\nhm</think>yes", "", "\n\n"),
        ("\n</think>\n\nyes", "\n\n", ""),
        ("hm\n\n</think>yes", "", "hm\n\n"),
        ("hm</think>\nyes", "yes", "hm"),
    ],
)
def test_a_stop_string_of_white_space_is_shown_beside_thinking_too(
    byte_model: ChatModel, text: str, content: str, reasoning: str
) -> None:
    options: dict[str, Any] = {"enable_thinking": True, "separate_reasoning": True}
    answer = read(byte_model, [bytes([b]) for b in text.encode()], stop=["\n\n"], **options)
    assert (answer.content, answer.reasoning) == (content, reasoning)
