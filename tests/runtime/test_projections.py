"""Stacked matrices: three products of one input become one, and no bit changes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13

from palaver.runtime.export import LANGUAGE_MODEL
from palaver.runtime.projections import stack_projections

_WIDTH = 64
_ROWS = (64, 32, 32)


def _compressed(rng: Any, num_rows: int, kind: str) -> Any:
    """A matrix ``[num_rows, _WIDTH]``, in groups of 32 unless it is f32."""
    if kind == "f32":
        return opset13.constant(rng.standard_normal((num_rows, _WIDTH)).astype(np.float32))
    shape = ov.Shape([num_rows, 2, 32])
    tensor = ov.Tensor(ov.Type.u4 if kind == "u4" else ov.Type.i8, shape)
    raw = tensor.data.reshape(-1).view(np.uint8)
    raw[:] = rng.integers(0, 256, len(raw))
    zero = ov.Tensor(ov.Type.u4 if kind == "u4" else ov.Type.i8, ov.Shape([num_rows, 2, 1]))
    zero.data.reshape(-1).view(np.uint8)[:] = 0x77 if kind == "u4" else 3
    scale = opset13.constant(rng.random((num_rows, 2, 1)).astype(np.float16))
    whole = opset13.subtract(
        opset13.convert(ov.op.Constant(tensor), "f16"), opset13.convert(ov.op.Constant(zero), "f16")
    )
    flat = opset13.reshape(
        opset13.multiply(whole, scale), np.array([num_rows, _WIDTH], dtype=np.int64), False
    )
    return opset13.convert(flat, "f32")


def _model(kinds: tuple[str, ...]) -> ov.Model:
    rng = np.random.default_rng(0)
    x = opset13.parameter([-1, _WIDTH], np.float32, name="x")
    rows = zip(_ROWS, kinds, strict=False)
    products = [opset13.matmul(x, _compressed(rng, num, kind), False, True) for num, kind in rows]
    return ov.Model([opset13.result(opset13.tanh(p)) for p in products], [x])


def _outputs(model: ov.Model) -> list[Any]:
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    x = np.random.default_rng(1).standard_normal((5, _WIDTH)).astype(np.float32)
    return [np.array(output) for output in compiled([x]).values()]


def _num_products(model: ov.Model) -> int:
    return sum(op.get_type_name() == "MatMul" for op in model.get_ordered_ops())


@pytest.mark.parametrize("kind", ["f32", "i8", "u4"])
def test_three_products_become_one_and_no_bit_changes(kind: str) -> None:
    model = _model((kind,) * 3)
    before = _outputs(model)
    assert stack_projections(model) == 1
    assert _num_products(model) == 1
    for left, right in zip(before, _outputs(model), strict=True):
        assert np.array_equal(left, right)


@pytest.mark.parametrize("kinds", [("u4", "u4", "i8"), ("i8", "i8", "f32"), ("u4", "u4"), ("u4",)])
def test_matrices_that_differ_in_format_or_number_are_left_unchanged(
    kinds: tuple[str, ...],
) -> None:
    model = _model(kinds)
    before = _outputs(model)
    assert stack_projections(model) == 0
    assert _num_products(model) == len(kinds)
    for left, right in zip(before, _outputs(model), strict=True):
        assert np.array_equal(left, right)


def test_every_layer_of_the_built_in_model_is_stacked() -> None:
    folder = Path(str(files("palaver"))) / "models" / "tiny"
    model = ov.Core().read_model(folder / LANGUAGE_MODEL)
    num_layers = sum(
        "q_proj" in op.get_friendly_name()
        for op in model.get_ordered_ops()
        if op.get_type_name() == "MatMul"
    )
    assert num_layers > 0
    assert stack_projections(model) == num_layers


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_matrices_that_share_one_scale_are_left_unchanged(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = opset13.parameter([-1, _WIDTH], np.float32, name="x")
    products = []
    for num_rows in _ROWS:
        weights = opset13.constant(rng.integers(-128, 128, (num_rows, _WIDTH)).astype(np.int8))
        scale = opset13.constant(np.full(shape, rng.random(), dtype=np.float32))
        matrix = opset13.multiply(opset13.convert(weights, "f32"), scale)
        products.append(opset13.matmul(x, matrix, False, True))
    model = ov.Model([opset13.result(product) for product in products], [x])
    before = _outputs(model)
    assert stack_projections(model) == 0
    for left, right in zip(before, _outputs(model), strict=True):
        assert np.array_equal(left, right)
