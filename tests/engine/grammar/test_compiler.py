"""Grammars in the engine: followed with any logits, fast-forward tokens without steps."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from palaver.engine.engine import Engine
from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.engine.grammar.constraint import Constraint
from palaver.errors import InvalidRequest
from palaver.generation.output import TokenOutput
from palaver.generation.request import GenerationRequest, Grammar, Prompt, SamplingParams
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime.fake import FakeRuntime

_TOKENIZER = BUILT_IN_FOLDER / "tokenizer.json"
_TEXT = Tokenizer.from_file(str(_TOKENIZER))
_VOCAB = 4096
_STOPS = (2,)
_COMPILER = GrammarCompiler(_TOKENIZER.read_text(encoding="utf-8"), _VOCAB)

_PERSON = Grammar(
    """start: "{" name ", " age "}"
name: "\\"the name of the person\\": \\"" /[a-z]{1,8}/ "\\""
age: "\\"the age in years\\": " /[1-9][0-9]?/
""",
    "response_format",
)
_PERSON_TEXT = re.compile(
    r'\{"the name of the person": "[a-z]{1,8}", "the age in years": [1-9][0-9]?\}'
)
_OPEN_END = Grammar("start: /[a-f]+/", "response_format")


def _request(request_id: int, grammar: Grammar | None = _PERSON, **changes: Any) -> Any:
    num_choices = changes.pop("num_choices", 1)
    params: dict[str, Any] = {"max_tokens": 60, "seed": request_id, "stop_token_ids": _STOPS}
    params |= changes
    prompt = Prompt([40 + request_id % 100, 50, 60])
    return GenerationRequest(
        request_id, prompt, SamplingParams(grammar=grammar, **params), num_choices
    )


def _constraint(request: GenerationRequest) -> Constraint | None:
    params = request.params
    return _COMPILER.compile(params.grammar, params.stop_token_ids) if params.grammar else None


def _engine(num_blocks: int = 400, **options: Any) -> Engine:
    return Engine(FakeRuntime(vocab_size=_VOCAB, num_blocks=num_blocks), **options)


def _run(engine: Engine, requests: Sequence[GenerationRequest]) -> dict[tuple[int, int], Any]:
    """Tokens, log probabilities and end of each choice."""
    for request in requests:
        engine.add(request, _constraint(request))
    outputs: list[TokenOutput] = []
    while engine.num_requests:
        result = engine.step()
        outputs += result.tokens
        engine.check_integrity()
        assert not result.failures
    answers: dict[tuple[int, int], Any] = {}
    for output in outputs:
        tokens, logprobs, _ = answers.get((output.request_id, output.choice), ([], [], None))
        answers[output.request_id, output.choice] = (
            [*tokens, output.token_id],
            [*logprobs, output.logprobs],
            output.finish,
        )
    return answers


def _text(answer: Any) -> str:
    text: str = _TEXT.decode(answer[0], skip_special_tokens=True)
    return text


@pytest.mark.parametrize("temperature", [0.0, 1.0, 2.0])
def test_every_answer_follows_its_grammar_with_any_logits(temperature: float) -> None:
    answers = _run(
        _engine(), [_request(i, temperature=temperature, num_choices=3) for i in range(12)]
    )
    assert len(answers) == 36
    for answer in answers.values():
        assert _PERSON_TEXT.fullmatch(_text(answer))
        assert answer[2] == "stop"


def test_an_answer_is_not_ended_before_its_grammar_is() -> None:
    bias = {_STOPS[0]: 99.0}
    (answer,) = _run(_engine(), [_request(1, logit_bias=bias)]).values()
    assert _PERSON_TEXT.fullmatch(_text(answer))


def test_an_answer_that_may_end_or_go_on_ends_with_a_stop_token() -> None:
    (answer,) = _run(_engine(), [_request(1, _OPEN_END, logit_bias={2: 8.0})]).values()
    assert answer[2] == "stop"
    assert answer[0][-1] in _STOPS
    assert re.fullmatch("[a-f]+", _text(answer))


@pytest.mark.parametrize(
    "bias",
    [dict.fromkeys(range(0, _VOCAB, 2), -100.0), {300: 100.0}, dict.fromkeys(range(40), -100.0)],
)
def test_logit_bias_cannot_break_a_grammar(bias: dict[int, float]) -> None:
    (answer,) = _run(_engine(), [_request(1, logit_bias=bias)]).values()
    assert _PERSON_TEXT.fullmatch(_text(answer))


def test_fast_forward_tokens_take_no_step_of_their_own() -> None:
    engine = _engine()
    (answer,) = _run(engine, [_request(1)]).values()
    runtime: Any = engine._runtime
    assert runtime.num_steps < 0.6 * len(answer[0])


def test_max_tokens_cuts_fast_forward_tokens() -> None:
    for num in range(1, 12):
        (answer,) = _run(_engine(), [_request(1, max_tokens=num)]).values()
        assert len(answer[0]) == num
        assert answer[2] == "length"


def test_log_probabilities_change_no_token_and_are_of_the_model_s_own_distribution() -> None:
    plain, with_logprobs, free = (
        _run(_engine(), [_request(1, **changes)])[1, 0]
        for changes in ({}, {"num_top_logprobs": 2}, {"num_top_logprobs": 20, "temperature": 0.5})
    )
    assert with_logprobs[0] == plain[0]
    assert with_logprobs[2] == plain[2] == "stop"
    assert len(with_logprobs[1]) == len(with_logprobs[0])
    assert all(entry is not None and len(entry.top) == 2 for entry in with_logprobs[1])
    assert any(entry.logprob < entry.top[-1][1] for entry in with_logprobs[1]), "all likeliest"
    assert all(entry is not None for entry in free[1])


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_an_answer_is_the_same_alone_among_others_and_after_preemption(data: st.DataObject) -> None:
    requests = [
        _request(
            i,
            data.draw(st.sampled_from([_PERSON, _PERSON, _OPEN_END, None])),
            max_tokens=data.draw(st.integers(1, 40)),
            num_top_logprobs=data.draw(st.sampled_from([None, None, 1])),
            presence_penalty=data.draw(st.sampled_from([0.0, 1.0])),
            num_choices=data.draw(st.sampled_from([1, 1, 2])),
        )
        for i in range(data.draw(st.integers(2, 8)))
    ]
    alone: dict[tuple[int, int], Any] = {}
    for request in requests:
        alone |= _run(_engine(), [request])
    together = _engine(num_blocks=data.draw(st.integers(24, 40)), max_step_tokens=16)
    assert _run(together, requests) == alone


def test_cancelling_an_answer_among_fast_forward_tokens_frees_everything() -> None:
    engine = _engine()
    request = _request(1, num_top_logprobs=1)
    engine.add(request, _constraint(request))
    for _ in range(2):
        engine.step()
    engine.cancel(1)
    engine.check_integrity()
    assert not engine.num_requests


def test_a_prepared_vocabulary_is_reused(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = GrammarCompiler(_TOKENIZER.read_text(encoding="utf-8"), _VOCAB)
    compiler.prepare(_STOPS)
    monkeypatch.setattr("palaver.engine.grammar.compiler.LLTokenizer", None)
    assert not compiler.compile(_PERSON, _STOPS).is_complete


def test_a_vocabulary_that_cannot_be_used_for_grammars_is_refused() -> None:
    compiler = GrammarCompiler("no vocabulary", _VOCAB)
    compiler.prepare(_STOPS)
    with pytest.raises(InvalidRequest, match="with this model's tokenizer"):
        compiler.compile(_PERSON, _STOPS)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("start: nowhere", "nowhere"),
        ("start: /(/", ""),
        ("", ""),
        ("start: " + '"a" ' * 300_000, "1000000 are the limit"),
    ],
)
def test_an_invalid_or_too_large_grammar_is_refused_and_its_field_named(
    source: str, why: str
) -> None:
    with pytest.raises(InvalidRequest, match="tools: cannot be enforced") as refusal:
        _COMPILER.compile(Grammar(source, "tools"), _STOPS)
    assert refusal.value.param == "tools"
    assert why in refusal.value.message


def test_a_grammar_that_becomes_too_complex_ends_its_request_with_the_reason() -> None:
    engine = _engine()
    request = _request(1)
    constraint = _constraint(request)
    assert constraint
    engine.add(request, constraint)
    engine.add(_request(2, None, max_tokens=4))
    constraint.matcher.consume_token(300)  # not allowed, so from here on it is in error
    assert constraint.error
    result = engine.step()
    assert [request_id for request_id, _ in result.failures] == [1]
    assert [token.request_id for token in result.tokens] == [2]
    engine.check_integrity()
    assert engine.num_requests == 1


def test_a_json_schema_can_be_part_of_a_grammar() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
    }
    schema |= {"additionalProperties": False, "x-guidance": {"whitespace_flexible": False}}
    grammar = Grammar(f"start: %json {json.dumps(schema)}", "response_format")
    answers = _run(_engine(), [_request(i, grammar, max_tokens=200) for i in range(5)])
    ended = [answer for answer in answers.values() if answer[2] == "stop"]
    assert ended
    assert all(isinstance(json.loads(_text(answer))["n"], int) for answer in ended)


def test_a_choice_that_ends_in_the_step_in_which_its_request_fails_gives_no_token() -> None:
    engine = _engine()
    grammar = Grammar('start: /[ab]/ " and so on until the end of it"', "response_format")
    request = _request(1, grammar, num_choices=2, num_top_logprobs=0)
    engine.add(request, _constraint(request))
    engine.step()
    first, second = engine.scheduler.running
    assert first.constraint
    first.constraint.matcher.consume_token(300)  # not allowed, so from here on it is in error
    assert second.num_unreported
    result = engine.step()
    assert {token.choice for token in result.tokens} == {0}
    assert [request_id for request_id, _ in result.failures] == [1]
    engine.check_integrity()
    assert not engine.num_requests
