"""Fusing the projections of queries, keys and values of a layer into one matrix product.

All three multiply the same activations. Their matrices are too small to be divided among threads
efficiently, and the activations are quantized for each of them again; stacked, they are one matrix
and one product. The sums are the same, but a kernel may add them up in another order for a matrix
of another size, so the last bits may differ from those without stacking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import openvino as ov
from openvino import opset13

_NUM_PROJECTIONS = 3
_MATRIX_RANK = 2
_STEPS = ("Convert", "Subtract", "Multiply", "Reshape")
"""Operations that decompress constants to a matrix."""
_NOT_TRANSPOSED = {"transpose_a": False, "transpose_b": True}


def stack_projections(model: ov.Model) -> int:
    """Stack the matrices of every three products with a common input, in place.

    Args:
        model: A model exported by optimum-intel, with compressed weights or not.

    Returns:
        Number of groups of three that were stacked.
    """
    groups: dict[tuple[str, int], list[ov.Node]] = defaultdict(list)
    for op in model.get_ordered_ops():
        if op.get_type_name() == "MatMul" and op.get_attributes() == _NOT_TRANSPOSED:
            source = op.input_value(0)
            groups[source.get_node().get_friendly_name(), source.get_index()].append(op)
    triples = [group for group in groups.values() if len(group) == _NUM_PROJECTIONS]
    num_stacked = sum(_stack_products(triple) for triple in triples)
    model.validate_nodes_and_infer_types()
    return num_stacked


def _stack_products(products: Sequence[ov.Node]) -> bool:
    matrices = [product.input_value(1).get_node() for product in products]
    shapes = [matrix.output(0).get_partial_shape() for matrix in matrices]
    if any(shape.is_dynamic or len(shape) != _MATRIX_RANK for shape in shapes):
        return False
    num_rows = [_num_rows(matrix) for matrix in matrices]
    stacked = _stack(matrices, num_rows)
    if stacked is None:
        return False
    lengths = opset13.constant(np.array(num_rows, dtype=np.int64))
    product = opset13.matmul(products[0].input_value(0), stacked, False, True)
    parts = opset13.variadic_split(product, opset13.constant(np.int64(-1)), lengths)
    for old, part in zip(products, parts.outputs(), strict=True):
        for target in old.output(0).get_target_inputs():
            target.replace_source_output(part)
    return True


def _stack(nodes: Sequence[ov.Node], num_rows: Sequence[int]) -> ov.Node | None:
    """Matrices, or operations of their decompression, stacked row-wise.

    ``None`` if they differ in more than their rows, or do not have a row for each row of the
    matrix, such as a scale for a whole matrix.
    """
    kind = nodes[0].get_type_name()
    is_known = kind in (*_STEPS, "Constant") and len({_signature(node) for node in nodes}) == 1
    if not is_known or [_num_rows(node) for node in nodes] != num_rows:
        return None
    if kind == "Constant":
        return _stack_constants(nodes)
    num_inputs = 1 if kind == "Reshape" else nodes[0].get_input_size()
    inputs = [
        _stack([n.input_value(i).get_node() for n in nodes], num_rows) for i in range(num_inputs)
    ]
    if any(node is None for node in inputs):
        return None
    if kind == "Convert":
        return opset13.convert(inputs[0], nodes[0].get_attributes()["destination_type"])
    if kind == "Reshape":
        return opset13.reshape(inputs[0], np.array(_stacked_shape(nodes), dtype=np.int64), False)
    return opset13.subtract(*inputs) if kind == "Subtract" else opset13.multiply(*inputs)


def _stack_constants(nodes: Sequence[ov.Node]) -> ov.Node:
    tensor = ov.Tensor(nodes[0].get_element_type(), ov.Shape(_stacked_shape(nodes)))
    parts = [np.ascontiguousarray(node.data).reshape(-1).view(np.uint8) for node in nodes]
    np.concatenate(parts, out=tensor.data.reshape(-1).view(np.uint8))
    return ov.op.Constant(tensor)


def _signature(node: ov.Node) -> tuple[str, str, tuple[int, ...]]:
    """What nodes must have in common: kind, number format, and shape without the rows."""
    output = node.output(0)
    shape = tuple(output.get_shape())
    return node.get_type_name(), output.get_element_type().to_string(), shape[1:]


def _stacked_shape(nodes: Sequence[ov.Node]) -> list[int]:
    return [sum(map(_num_rows, nodes)), *list(nodes[0].output(0).get_shape())[1:]]


def _num_rows(node: ov.Node) -> int:
    shape = node.output(0).get_shape()
    return int(shape[0]) if len(shape) else 0
