from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaver.chat.delta import Delta
from palaver.chat.families.dialect import find_dialect
from palaver.chat.model import ChatModel
from palaver.chat.parser.events import Content, Event, ParsedAnswer, Reasoning, collected
from palaver.chat.request import ChatRequest
from palaver.chat.template import ChatTemplate
from palaver.chat.tools.tool import Tool
from palaver.chat.turn import Turn
from palaver.errors import InvalidRequest
from palaver.generation.output import TokenFinish, TokenOutput
from palaver.generation.request import Sampling
from tests.chat import vocabularies
from tests.chat.families.formats import template_source

PROMPT = "[user]ab[assistant]"
FRAGMENTS = ("<think>", "</think>", "</", "<", "\n", " ", "hello", "X", "Y", "你", "👋")


def turn_of(model: ChatModel, content: str = "ab", **options: Any) -> Turn:
    return Turn(ChatRequest(messages=[{"role": "user", "content": content}], **options), model)


def tokens(
    token_ids: Iterable[int],
    finish: TokenFinish | None = "length",
    *,
    choice: int = 0,
    num_cached_tokens: int = 0,
) -> list[TokenOutput]:
    """The tokens as an engine reports them, the last one with ``finish``."""
    outputs = [TokenOutput(1, choice, i, None, num_cached_tokens) for i in token_ids]
    last = outputs.pop()
    return [*outputs, TokenOutput(1, choice, last.token_id, finish, num_cached_tokens)]


def ended(model: ChatModel, text: str) -> list[TokenOutput]:
    """A text and the token that ends an answer."""
    return tokens([*model.tokenizer.encode(text), *model.stop_token_ids], "stop")


def bytes_of(model: ChatModel, text: str) -> list[int]:
    """A text with a token for each byte, so that everything in it spans tokens."""
    ids = {model.tokenizer.bytes_of(i): i for i in range(256)}
    return [ids[bytes([byte])] for byte in text.encode()]


def read(turn: Turn, outputs: Iterable[TokenOutput]) -> Delta:
    """All that was added to a choice, with the finish reason of its last delta."""
    deltas = [turn.feed(token) for token in outputs]
    reasons = [delta.finish_reason for delta in deltas if delta.finish_reason]
    assert len(reasons) <= 1
    return Delta(
        choice=deltas[0].choice,
        content="".join(delta.content for delta in deltas),
        reasoning="".join(delta.reasoning for delta in deltas),
        finish_reason=reasons[0] if reasons else None,
    )


def test_an_answer_that_ends_itself_has_its_text_and_stop(byte_model: ChatModel) -> None:
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


def test_usage_counts_every_token_read_and_made(byte_model: ChatModel) -> None:
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


def test_stop_string_spanning_tokens_is_in_the_text_and_nothing_behind_it(
    byte_model: ChatModel,
) -> None:
    turn = turn_of(byte_model, stop=["END"])
    deltas = [turn.feed(token) for token in tokens(bytes_of(byte_model, "ok ENDmore"))]
    assert [delta.content for delta in deltas] == ["o", "k", " ", "", "", "END", "", "", "", ""]
    assert [delta.finish_reason for delta in deltas] == [*[None] * 5, "stop", *[None] * 4]
    assert turn.is_finished


def test_tokens_behind_a_stop_are_not_counted(byte_model: ChatModel) -> None:
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


def test_a_stop_completed_by_the_replacement_of_half_a_character_is_a_stop(
    byte_model: ChatModel,
) -> None:
    turn = turn_of(byte_model, stop=["\ufffd"])
    outputs = tokens(bytes_of(byte_model, "a你")[:-1])
    assert read(turn, outputs) == Delta(0, "a\ufffd", "", finish_reason="stop")


def test_what_might_have_been_a_stop_comes_out_at_the_end(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, stop=["END"])
    assert read(turn, ended(byte_model, "the EN")) == Delta(0, "the EN", "", finish_reason="stop")


def test_a_character_cut_by_the_length_becomes_a_replacement(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model)
    assert read(turn, tokens(bytes_of(byte_model, "a👋")[:-1])).content == "a\ufffd"


def test_a_stop_can_end_the_thinking_and_keeps_its_white_space(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, enable_thinking=True, separate_reasoning=True, stop=["\n\n"])
    outputs = tokens(bytes_of(byte_model, "one\n\ntwo"))
    assert read(turn, outputs) == Delta(0, "", "one\n\n", finish_reason="stop")


def test_thinking_stays_between_its_tags_with_the_prompts_one_restored(
    byte_model: ChatModel,
) -> None:
    turn = turn_of(byte_model, enable_thinking=True)
    answer = read(turn, ended(byte_model, "hm \n</think>\n\nyes"))
    assert answer == Delta(0, "<think>\nhm \n</think>\n\nyes", "", finish_reason="stop")


def test_thinking_comes_apart_without_tags(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, enable_thinking=True, separate_reasoning=True)
    answer = read(turn, ended(byte_model, "hm \n</think>\n\nyes"))
    assert answer == Delta(0, "yes", "hm", finish_reason="stop")


@pytest.mark.parametrize(
    ("is_separate", "content", "reasoning"),
    [(False, "<think>hm</think> yes", ""), (True, "yes", "hm")],
)
def test_thinking_that_the_model_opens_itself_is_known_too(
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


def test_an_answer_without_a_word_still_has_the_opening_tag(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, enable_thinking=True)
    assert read(turn, ended(byte_model, "")) == Delta(0, "<think>\n", "", finish_reason="stop")


def test_choices_are_read_apart_and_counted_together(byte_model: ChatModel) -> None:
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
    """Content and thinking of an answer with its whole text in hand."""
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
def test_streamed_pieces_are_together_what_the_whole_text_is(
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


def test_max_tokens_past_the_window_shrink(byte_model: ChatModel) -> None:
    turn = turn_of(byte_model, max_tokens=1000)
    assert turn.prepared.params.max_tokens == byte_model.window_tokens - len(turn.prepared.prompt)


def test_max_tokens_past_the_window_are_an_error_where_they_shall_be(
    byte_model: ChatModel,
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        turn_of(byte_model, max_tokens=1000, context_length_exceeded_behavior="error")
    assert refusal.value.param == "max_tokens"


def test_a_prompt_that_fills_the_window_is_refused(byte_model: ChatModel) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        turn_of(byte_model, "x" * 100)
    assert refusal.value.param == "messages"


def test_the_engine_gets_the_wishes_of_the_request(byte_model: ChatModel) -> None:
    sampling: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 7,
        "min_p": 0.1,
        "presence_penalty": 1.0,
        "frequency_penalty": -1.0,
        "repetition_penalty": 1.5,
        "logit_bias": {3: -100.0},
    }
    others: dict[str, Any] = {"num_top_logprobs": 5, "seed": 0, "max_tokens": 9}
    turn = turn_of(byte_model, num_choices=2, sampling=Sampling(**sampling), **others)
    wishes = sampling | others
    assert {name: getattr(turn.prepared.params, name) for name in wishes} == wishes
    assert turn.prepared.params.stop_token_ids == byte_model.stop_token_ids
    assert turn.prepared.num_choices == 2


def test_negative_seeds_are_distinct_from_each_other_and_fit_the_engine(
    byte_model: ChatModel,
) -> None:
    seeds = {turn_of(byte_model, seed=seed).prepared.params.seed for seed in (-1, -2, 0, 1, 2**63)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**64 for seed in seeds)


def test_without_a_seed_each_turn_draws_its_own(byte_model: ChatModel) -> None:
    assert len({turn_of(byte_model).prepared.params.seed for _ in range(4)}) == 4


WEATHER = Tool("get_weather", {"type": "object", "properties": {"city": {"type": "string"}}})
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'


@pytest.fixture
def caller(byte_model: ChatModel) -> ChatModel:
    """The same model with room for tools."""
    return replace(byte_model, window_tokens=4000)


def read_calls(turn: Turn, outputs: Iterable[TokenOutput]) -> tuple[Delta, ParsedAnswer]:
    """The last delta, and all of them put together."""
    deltas = [turn.feed(token) for token in outputs]
    events: list[Event] = []
    for delta in deltas:
        events += [Content(delta.content), Reasoning(delta.reasoning), *delta.calls]
    return deltas[-1], collected(events)


@pytest.mark.spec("S31")
def test_a_call_comes_apart_and_is_the_reason_that_the_answer_ended(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER])
    last, answer = read_calls(turn, ended(caller, f"I look.\n{CALL}"))
    assert last.finish_reason == "tool_calls"
    assert answer.content == "I look."
    assert [(c.name, c.arguments) for c in answer.calls] == [("get_weather", '{"city": "Rome"}')]


def test_without_tools_or_with_the_choice_of_none_a_call_is_text(caller: ChatModel) -> None:
    cases: list[dict[str, Any]] = [{}, {"tools": [WEATHER], "tool_choice": "none"}]
    for options in cases:
        last, answer = read_calls(turn_of(caller, **options), ended(caller, CALL))
        assert (answer.content, last.finish_reason) == (CALL, "stop")


def test_the_ids_of_calls_depend_on_seed_and_prompt_alone(caller: ChatModel) -> None:
    def ids(content: str, **options: Any) -> list[str]:
        turn = turn_of(caller, content, tools=[WEATHER], **options)
        return [call.id for call in read_calls(turn, ended(caller, CALL + CALL))[1].calls]

    assert ids("a", seed=1) == ids("a", seed=1)
    assert len({*ids("a", seed=1), *ids("a", seed=2), *ids("b", seed=1), *ids("a")}) == 8
    assert ids("a", sampling=Sampling(temperature=0.0)) == ids(
        "a", sampling=Sampling(temperature=0.0)
    )


def test_a_stop_string_inside_a_call_is_part_of_the_call(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER], stop=["\n", "Rome"])
    last, answer = read_calls(turn, ended(caller, CALL))
    assert [c.arguments for c in answer.calls] == ['{"city": "Rome"}']
    assert last.finish_reason == "tool_calls"


def test_a_stop_string_before_a_call_ends_the_answer(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER], stop=["look"])
    outputs = tokens(bytes_of(caller, f"I look.\n{CALL}"))
    _, answer = read_calls(turn, outputs)
    assert (answer.content, answer.calls) == ("I look", ())


def test_a_call_cut_by_the_length_says_so_and_keeps_what_it_has(caller: ChatModel) -> None:
    turn = turn_of(caller, tools=[WEATHER])
    last, answer = read_calls(turn, tokens(bytes_of(caller, CALL[:60])))
    assert last.finish_reason == "length"
    assert answer.calls[0].name == "get_weather"


def test_marks_that_are_special_tokens_are_read_and_not_shown(tmp_path: Path) -> None:
    tokenizer = vocabularies.with_special(tmp_path / "tokenizer.json", ["[TOOL_CALLS]", "[ARGS]"])
    template = ChatTemplate(template_source("mistral"), {"bos_token": "", "eos_token": ""})
    dialect = find_dialect(template, tokenizer.has_token)
    end = tokenizer.id_of(vocabularies.END)
    assert end is not None
    model = ChatModel(tokenizer, template, (end,), 4000, dialect)
    outputs = ended(model, 'I look.[TOOL_CALLS]get_weather[ARGS]{"city": "Rome"}')
    _, answer = read_calls(turn_of(model, tools=[WEATHER]), outputs)
    assert answer.content == "I look."
    assert [c.arguments for c in answer.calls] == ['{"city": "Rome"}']
    _, answer = read_calls(turn_of(model), outputs)
    assert answer.content == 'I look.get_weather{"city": "Rome"}'
