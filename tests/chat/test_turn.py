"""The answer to a request as it is read from the model's tokens: text, thinking, stops, usage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.chat.delta import Delta
from palaver.chat.model import ChatModel
from palaver.generation.output import TokenOutput
from tests.chat.turns import bytes_of, ended, read, tokens, turn_of

PROMPT = "[user]ab[assistant]"
FRAGMENTS = ("<think>", "</think>", "</", "<", "\n", " ", "hello", "X", "Y", "你", "👋")


def test_an_answer_ended_by_a_stop_token_has_its_text_and_stop(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model)
    assert read(turn, ended(byte_model, "hello you")) == Delta(
        0, "hello you", "", finish_reason="stop"
    )
    assert turn.is_finished


def test_an_answer_cut_by_its_length_says_so(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model)
    outputs = tokens(byte_model.tokenizer.encode("hello"))
    assert read(turn, outputs) == Delta(0, "hello", "", finish_reason="length")


def test_an_answer_that_goes_on_has_no_finish_reason(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model)
    assert turn.feed(TokenOutput(1, 0, bytes_of(byte_model, "a")[0])) == Delta(0, "a")
    assert not turn.is_finished


def test_usage_counts_every_token_of_prompt_and_answer(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model)
    assert turn.usage(0).completion_tokens == 0
    for token in tokens([*bytes_of(byte_model, "abc"), *byte_model.stop_token_ids], "stop"):
        turn.feed(token)
    usage = turn.usage(16)
    assert usage.prompt_tokens == len(byte_model.tokenizer.encode(PROMPT))
    assert usage.completion_tokens == 4
    assert usage.cached_tokens == 16
    assert usage.reasoning_tokens == 0
    assert usage.total_tokens == usage.prompt_tokens + 4


@pytest.mark.parametrize("is_separate", [False, True])
def test_usage_counts_thinking_up_to_its_closing_tag(
    byte_model: ChatModel, is_separate: bool
) -> None:
    turn = turn_of(byte_model, enable_thinking=True, separate_reasoning=is_separate)
    read(turn, ended(byte_model, "abc</think>de"))
    assert turn.usage(0).reasoning_tokens == 4
    assert turn.usage(0).completion_tokens == 7


def test_stop_string_spanning_tokens_is_in_the_text_and_nothing_after_it(
    byte_model: ChatModel,
) -> None:
    turn = turn_of(byte_model, stop=["END"])
    deltas = [turn.feed(token) for token in tokens(bytes_of(byte_model, "ok ENDmore"))]
    assert [delta.content for delta in deltas] == ["o", "k", " ", "", "", "END", "", "", "", ""]
    assert [delta.finish_reason for delta in deltas] == [*[None] * 5, "stop", *[None] * 4]
    assert turn.is_finished


def test_tokens_after_a_stop_are_not_counted(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, stop=["b"])
    read(turn, tokens(bytes_of(byte_model, "abcdef")))
    assert turn.usage(0).completion_tokens == 2


def test_a_stop_inside_a_token_cuts_it(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, stop=["ell"])
    assert read(turn, tokens(byte_model.tokenizer.encode("hello"), None)).content == "hell"
    assert turn.is_finished


def test_a_stop_on_the_very_last_token_is_a_stop(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, stop=["c"])
    assert read(turn, tokens(bytes_of(byte_model, "abc"))) == Delta(
        0, "abc", "", finish_reason="stop"
    )


def test_a_stop_completed_by_a_replacement_character_is_a_stop(
    byte_model: ChatModel,
) -> None:
    turn = turn_of(byte_model, stop=["\ufffd"])
    outputs = tokens(bytes_of(byte_model, "a你")[:-1])
    assert read(turn, outputs) == Delta(0, "a\ufffd", "", finish_reason="stop")


def test_text_held_back_for_a_stop_is_released_at_the_end(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, stop=["END"])
    assert read(turn, ended(byte_model, "the EN")) == Delta(0, "the EN", "", finish_reason="stop")


def test_a_character_cut_by_the_length_becomes_a_replacement(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model)
    assert read(turn, tokens(bytes_of(byte_model, "a👋")[:-1])).content == "a\ufffd"


def test_a_stop_can_end_the_thinking_and_keeps_its_white_space(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, enable_thinking=True, separate_reasoning=True, stop=["\n\n"])
    outputs = tokens(bytes_of(byte_model, "one\n\ntwo"))
    assert read(turn, outputs) == Delta(0, "", "one\n\n", finish_reason="stop")


def test_inline_thinking_keeps_its_tags_and_the_one_opened_in_the_prompt(
    byte_model: ChatModel,
) -> None:
    turn = turn_of(byte_model, enable_thinking=True)
    answer = read(turn, ended(byte_model, "hm \n</think>\n\nyes"))
    assert answer == Delta(0, "<think>\nhm \n</think>\n\nyes", "", finish_reason="stop")


def test_separate_thinking_has_no_tags(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, enable_thinking=True, separate_reasoning=True)
    answer = read(turn, ended(byte_model, "hm \n</think>\n\nyes"))
    assert answer == Delta(0, "yes", "hm", finish_reason="stop")


@pytest.mark.parametrize(
    ("is_separate", "content", "reasoning"),
    [(False, "<think>hm</think> yes", ""), (True, "yes", "hm")],
)
def test_thinking_opened_by_the_model_is_recognised_too(
    byte_model: ChatModel, is_separate: bool, content: str, reasoning: str
) -> None:
    turn = turn_of(byte_model, separate_reasoning=is_separate)
    answer = read(turn, ended(byte_model, "<think>hm</think> yes"))
    assert answer == Delta(0, content, reasoning, finish_reason="stop")


def test_every_choice_gets_the_opening_tag_once(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, enable_thinking=True, num_choices=2)
    for choice in range(2):
        outputs = tokens(bytes_of(byte_model, "ab"), choice=choice)
        assert read(turn, outputs).content == "<think>\nab"


def test_an_empty_answer_still_has_the_opening_tag(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, enable_thinking=True)
    assert read(turn, ended(byte_model, "")) == Delta(0, "<think>\n", "", finish_reason="stop")


def test_choices_are_parsed_separately_and_counted_together(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, num_choices=3, stop=["b"])
    texts = ["你好", "xbz", "ac"]
    streams = [
        tokens(bytes_of(byte_model, text), choice=choice) for choice, text in enumerate(texts)
    ]
    deltas = []
    for i in range(6):
        deltas += [turn.feed(stream[i]) for stream in streams if i < len(stream)]
    contents = ["".join(d.content for d in deltas if d.choice == i) for i in range(3)]
    assert contents == ["你好", "xb", "ac"]
    reasons = {d.choice: d.finish_reason for d in deltas if d.finish_reason}
    assert reasons == {0: "length", 1: "stop", 2: "length"}
    assert turn.is_finished
    assert turn.usage(0).completion_tokens == 6 + 2 + 2
    assert turn.usage(0).prompt_tokens == len(byte_model.tokenizer.encode(PROMPT))


def test_a_turn_is_finished_when_its_last_choice_is(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, num_choices=2)
    read(turn, ended(byte_model, "a"))
    assert not turn.is_finished
    turn.feed(TokenOutput(1, 1, byte_model.stop_token_ids[0], "stop"))
    assert turn.is_finished


def definition(text: str, stops: list[str], *, is_open: bool, is_separate: bool) -> tuple[str, str]:
    """Content and thinking of an answer, computed from its whole text."""
    ends = (i for i in range(len(text) + 1) if any(text[:i].endswith(stop) for stop in stops))
    text = text[: next(ends, len(text))]
    if not is_separate:
        return ("<think>\n" if is_open else "") + text, ""
    if not is_open:
        if not text.lstrip().startswith("<think>"):
            return text, ""
        text = text.lstrip().removeprefix("<think>")
    thinking, tag, answer = text.lstrip().partition("</think>")
    return (answer.lstrip(), thinking.rstrip()) if tag else ("", thinking)


@given(
    text=st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=8).map("".join),
    stops=st.lists(st.sampled_from(["X", "XY", "YX", "lo\n", "k>", "你X", "👋"]), max_size=3),
    is_open=st.booleans(),
    is_separate=st.booleans(),
    is_cut_to_bytes=st.booleans(),
    is_ended=st.booleans(),
)
def test_streamed_deltas_join_to_the_whole_text(
    byte_model: ChatModel,
    text: str,
    stops: list[str],
    is_open: bool,
    is_separate: bool,
    is_cut_to_bytes: bool,
    is_ended: bool,
) -> None:
    encode = byte_model.tokenizer.encode
    token_ids = bytes_of(byte_model, text) if is_cut_to_bytes else encode(text)
    outputs = tokens(token_ids)
    if is_ended:
        outputs = tokens([*token_ids, *byte_model.stop_token_ids], "stop")
    turn = turn_of(byte_model, stop=stops, enable_thinking=is_open, separate_reasoning=is_separate)
    answer = read(turn, outputs)
    expected = definition(text, stops, is_open=is_open, is_separate=is_separate)
    assert (answer.content, answer.reasoning) == expected
    has_stop = any(stop in text for stop in stops)
    assert answer.finish_reason == ("stop" if is_ended or has_stop else "length")


def test_a_delta_is_empty_without_text_and_reason() -> None:
    assert Delta(3).is_empty
    assert not Delta(0, content="a").is_empty
    assert not Delta(0, reasoning="a").is_empty
    assert not Delta(0, finish_reason="stop").is_empty
