"""Requests are prepared in threads: media first, then the grammar; cancelled ones are dropped."""

from __future__ import annotations

from queue import SimpleQueue

import numpy as np
import pytest

from palaver.engine.grammar.compiler import GrammarCompiler
from palaver.engine.process.preparation import Preparation, Prepared
from palaver.errors import InternalError, InvalidRequest
from palaver.generation.request import (
    Array,
    GenerationRequest,
    Grammar,
    PlaceholderRange,
    Prompt,
    SamplingParams,
)
from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime.base import Encoder, Features
from palaver.runtime.fake import FakeEncoder

_TIMEOUT_S = 30
_COMPILER = GrammarCompiler((BUILT_IN_FOLDER / "tokenizer.json").read_text(), 4096)
_GRAMMAR = Grammar('start: "yes" | "no"', "response_format")


def _request(*, has_image: bool = False, grammar: Grammar | None = None) -> GenerationRequest:
    content = Array.of(np.array([7], dtype=np.uint8))
    placeholders = [PlaceholderRange(0, 3, "image", b"7", content)] if has_image else []
    params = SamplingParams(max_tokens=1, seed=0, stop_token_ids=(2,), grammar=grammar)
    return GenerationRequest(1, Prompt([5, 5, 5, 6], placeholders), params)


class _Encoder(FakeEncoder):
    def encode(self, *_: object) -> Features:
        raise RuntimeError("broken")


def _prepared(
    request: GenerationRequest,
    encoder: Encoder | None = None,
    compiler: GrammarCompiler = _COMPILER,
) -> Prepared:
    done: SimpleQueue[Prepared] = SimpleQueue()
    preparation = Preparation(compiler, encoder, done.put)
    preparation.start(request)
    prepared = done.get(timeout=_TIMEOUT_S)
    assert preparation.finish(prepared.request.request_id)
    assert not preparation.finish(prepared.request.request_id)
    return prepared


def test_plain_text_needs_no_preparation() -> None:
    request = _request()
    assert _prepared(request) == Prepared(request)


def test_media_are_encoded_and_their_content_is_dropped_before_the_grammar_is_compiled() -> None:
    prepared = _prepared(_request(has_image=True, grammar=_GRAMMAR), FakeEncoder())
    (features,) = prepared.features
    assert len(features.rows) == 3
    assert prepared.request.prompt.placeholders[0].content is None
    assert prepared.constraint is not None
    assert prepared.error is None


def test_media_for_a_text_model_are_refused() -> None:
    prepared = _prepared(_request(has_image=True))
    assert isinstance(prepared.error, InvalidRequest)
    assert "text only" in prepared.error.message


def test_a_failing_encoder_raises_an_internal_error() -> None:
    prepared = _prepared(_request(has_image=True, grammar=_GRAMMAR), _Encoder())
    assert isinstance(prepared.error, InternalError)
    assert prepared.constraint is None


@pytest.mark.parametrize(
    ("compiler", "param"),
    [(_COMPILER, "response_format"), (GrammarCompiler("", 64), "tools")],
)
def test_an_invalid_grammar_is_refused(compiler: GrammarCompiler, param: str) -> None:
    prepared = _prepared(_request(grammar=Grammar("start: nowhere", param)), compiler=compiler)
    assert isinstance(prepared.error, InvalidRequest)
    assert prepared.error.param == param


def test_a_cancelled_request_is_dropped_when_it_is_prepared() -> None:
    done: SimpleQueue[Prepared] = SimpleQueue()
    preparation = Preparation(_COMPILER, None, done.put)
    preparation.start(_request(grammar=_GRAMMAR))
    preparation.cancel(1)
    assert not preparation.finish(done.get(timeout=_TIMEOUT_S).request.request_id)
