"""Multimodal models give what transformers computes with PyTorch (recorded; see ``record``)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from palaver.chat.model import ChatModel
from palaver.engine.engine import Engine
from palaver.generation.request import GenerationRequest, SamplingParams
from palaver.runtime.base import Logits, Runtime, StepBatch
from tests.multimodal import cases
from tests.multimodal.model import HERE, FamilyFolder, chat_model, encoded, prompt_of, runtime

TOLERANCE = 0.02  # for logits up to 6
LOOSE = {"two recordings": 0.2}  # transformers pads the shorter one with silence


@cache
def loaded(family: FamilyFolder) -> tuple[ChatModel, Runtime, dict[str, Any]]:
    with np.load(HERE / family / "references.npz") as references:
        return chat_model(family), runtime(family), dict(references)


class Recorder:
    """A runtime that records its logits."""

    def __init__(self, inner: Runtime) -> None:
        self._inner = inner
        self.logits: list[Logits] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def step(self, batch: StepBatch) -> Logits:
        logits = self._inner.step(batch)
        self.logits.append(logits.copy())
        return logits


@pytest.mark.parametrize("family", ["omni", "vl"])
@pytest.mark.parametrize("case", cases.CASES, ids=lambda case: case.name)
@pytest.mark.spec("S08", "S09", "S10")
def test_ids_positions_tokens_and_logits_equal_those_of_pytorch(
    family: FamilyFolder, case: cases.Case
) -> None:
    if family == "vl" and case.clips:
        pytest.skip("the family has no audio encoder")
    model, inner, references = loaded(family)
    ids = references[f"{case.name}/ids"]
    prompt = prompt_of(model, case)
    assert prompt.token_ids == ids.tolist()
    expected_positions = references[f"{case.name}/positions"][-3:]
    assert np.array_equal(prompt.rope_ids(0, len(ids)), expected_positions)

    tokens = references[f"{case.name}/tokens"].tolist()
    recorder = Recorder(inner)
    engine = Engine(recorder)
    params = SamplingParams(max_tokens=len(tokens), seed=0, temperature=0)
    engine.add(GenerationRequest(1, prompt, params), features=encoded(inner, prompt))
    drawn = []
    while engine.num_requests:
        drawn += [token.token_id for token in engine.step().tokens]
    assert drawn == tokens
    difference = np.abs(np.concatenate(recorder.logits) - references[f"{case.name}/logits"])
    assert difference.max() < LOOSE.get(case.name, TOLERANCE)
