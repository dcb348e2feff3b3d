"""Rotary angles from one product: the same bits, or the model is left unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13

from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.runtime.export import LANGUAGE_MODEL
from palaver.runtime.rotary import simplify_rotary

_PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}


def _angles(model: ov.Model, positions: Any) -> Any:
    """The input of the model's cosine."""
    wave = next(op for op in model.get_ops() if op.get_type_name() == "Cos")
    (parameter,) = (p for p in model.get_parameters() if "position_ids" in p.output(0).names)
    part = ov.Model([opset13.result(wave.input_value(0))], [parameter])
    return ov.Core().compile_model(part, "CPU", _PRECISION)(positions)[0]


def _kinds(model: ov.Model) -> set[str]:
    return {op.get_type_name() for op in model.get_ops()}


def test_the_built_in_model_gets_the_same_angles_from_fewer_operations() -> None:
    core = ov.Core()
    model = core.read_model(BUILT_IN_FOLDER / LANGUAGE_MODEL)
    positions = np.random.default_rng(0).integers(0, 40_000, (4, 1, 500))
    expected = _angles(model, positions)
    num_before = len(model.get_ops())
    assert simplify_rotary(core, model)
    assert np.array_equal(_angles(model, positions), expected)
    assert len(model.get_ops()) < num_before - 50
    assert "ScatterNDUpdate" not in _kinds(model)


_FREQUENCIES = np.array([1, 0.1, 0.01, 0.001], dtype=np.float32)


def _model(
    angles_of: Callable[[ov.Node, ov.Node], ov.Node], shape: list[int]
) -> tuple[ov.Model, ov.Node]:
    """Angles ``float32[batch, tokens, 4]`` of the first row of positions and something else."""
    positions = opset13.parameter(shape, np.int64, name="position_ids")
    positions.output(0).set_names({"position_ids"})
    other = opset13.parameter([-1], np.float32, name="other")
    row = opset13.convert(positions, "f32")
    if len(shape) > 2:
        row = opset13.gather(row, np.array(0), np.array(0))
    angles = angles_of(opset13.unsqueeze(row, np.array(-1)), opset13.reduce_max(other, 0))
    outputs = [opset13.result(opset13.cos(angles)), opset13.result(opset13.sin(angles))]
    return ov.Model(outputs, [positions, other]), angles


def test_angles_of_a_single_row_are_computed_as_a_product_too() -> None:
    model, _ = _model(lambda row, _: opset13.multiply(row, _FREQUENCIES), [3, -1, -1])
    positions = np.arange(60).reshape(3, 1, 20)
    expected = _angles(model, positions)
    assert simplify_rotary(ov.Core(), model)
    assert np.array_equal(_angles(model, positions), expected)


@pytest.mark.parametrize(
    ("angles_of", "shape"),
    [
        (lambda row, _: opset13.multiply(opset13.multiply(row, row), _FREQUENCIES), [3, -1, -1]),
        (lambda row, _: opset13.add(row, _FREQUENCIES), [3, -1, -1]),
        (
            lambda row, other: opset13.multiply(opset13.multiply(row, _FREQUENCIES), other),
            [3, -1, -1],
        ),
        (lambda row, _: opset13.multiply(row, _FREQUENCIES), [-1, -1]),
        (lambda row, _: opset13.multiply(row, _FREQUENCIES), [-1, -1, -1]),
        (lambda row, _: opset13.squeeze(row, np.array(-1)), [3, -1, -1]),
    ],
    ids=["squares", "sums", "of something else", "positions alone", "any axes", "no frequencies"],
)
def test_a_model_with_other_angles_is_left_unchanged(
    angles_of: Callable[[ov.Node, ov.Node], ov.Node], shape: list[int]
) -> None:
    model, angles = _model(angles_of, shape)
    assert not simplify_rotary(ov.Core(), model)
    (wave,) = (op for op in model.get_ops() if op.get_type_name() == "Cos")
    assert wave.input_value(0).get_node().get_friendly_name() == angles.get_friendly_name()
