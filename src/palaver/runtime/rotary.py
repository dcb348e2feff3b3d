"""Rotary angles of positions in time, row and column from one small matrix product.

The exported graph distributes the three rows of positions over the frequencies by copying slices:
about sixty operations over a few numbers, which take a tenth of a small model's step. Each angle is
one of the positions times a frequency, so one matrix product computes the same.
"""

from __future__ import annotations

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13

_RANK = 3
_POSITIONS = "position_ids"
_PROBES = np.array([0, 1, 2, 7, 30, 511, 4099, 100_003])
"""Positions at which both ways must agree bit for bit."""


def simplify_rotary(core: ov.Core, model: ov.Model) -> bool:
    """Compute the angles with one product, in place, if that gives the same bits.

    Args:
        core: Runs both ways for the comparison.
        model: A model exported by optimum-intel, with positions ``int64[axes, batch, tokens]``, of
            which the last three axes are time, row and column.

    Returns:
        Whether the model was changed.
    """
    positions = next((p for p in model.get_parameters() if _POSITIONS in p.output(0).names), None)
    waves = [op for op in model.get_ops() if op.get_type_name() in ("Cos", "Sin")]
    angles = {op.input_value(0).get_node().get_friendly_name(): op.input_value(0) for op in waves}
    shape = positions.get_partial_shape() if positions else ov.PartialShape([])
    if positions is None or len(angles) != 1 or len(shape) != _RANK or shape[0].is_dynamic:
        return False
    (exported,) = angles.values()
    try:
        as_exported = _compiled(core, exported, positions)
    except RuntimeError:  # the angles depend on more than the positions
        return False
    num_axes = shape[0].get_length()
    frequencies = as_exported(np.eye(num_axes, dtype=np.int64)[:, None])[0]
    if frequencies.shape[:-1] != (1, num_axes):
        return False
    simple = _product(positions, frequencies[0])
    probes = np.stack([np.roll(_PROBES, axis) for axis in range(num_axes)])[:, None]
    expected = as_exported(probes)[0]
    if not np.array_equal(_compiled(core, simple, positions)(probes)[0], expected):
        return False
    for wave in waves:
        wave.input(0).replace_source_output(simple)
    model.validate_nodes_and_infer_types()
    return True


def _product(positions: ov.Node, frequencies: NDArray[np.float32]) -> ov.Output:
    """Positions of each token times ``float32[axes, angles]``."""
    rows = opset13.transpose(opset13.convert(positions, "f32"), np.array([1, 2, 0]))
    return opset13.matmul(rows, opset13.constant(frequencies), False, False).output(0)


def _compiled(core: ov.Core, angles: ov.Output, positions: ov.Node) -> ov.CompiledModel:
    """Angles ``float32[batch, tokens, angles]`` as a model of their own."""
    model = ov.Model([opset13.result(angles)], [positions])
    return core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
