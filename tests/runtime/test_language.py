"""The inputs of a language model in each step."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino as ov

from palaver.runtime.language import MAX_CONTEXT_LEN, LanguageModel


class _Compiled:
    """A compiled model that records the longest context of each step."""

    def __init__(self) -> None:
        self.inputs = [SimpleNamespace(any_name=MAX_CONTEXT_LEN)]
        self.longest: list[int] = []

    def create_infer_request(self) -> _Compiled:
        return self

    def set_tensor(self, _name: str, tensor: ov.Tensor) -> None:
        self.longest.append(int(tensor.data))

    def infer(self) -> None:
        pass


def test_the_context_length_given_to_the_model_grows_in_few_steps() -> None:
    compiled: Any = _Compiled()
    model = LanguageModel(compiled, {})
    needed = range(1, 20_000)
    for length in needed:
        model.compute({MAX_CONTEXT_LEN: np.array(length, dtype=np.int32)})
    grown = [n for n, length in zip(compiled.longest, needed, strict=True) if n != length]
    assert len(grown) < 20
    assert all(n >= length for n, length in zip(compiled.longest, needed, strict=True))
    assert max(compiled.longest) <= max(needed) * 1.25
