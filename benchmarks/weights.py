"""How fast OpenVINO reads weights while it decodes: only matrix products, in several formats.

``python -m benchmarks.weights [--rounds 40] [--out FILE]``. The model is a stack of products with
matrices of the sizes in a layer of Qwen3-0.6B, together far larger than the processor's caches.
Formats, numbers of threads and numbers of rows alternate. The minimum of each is reported, in wall
time and in processor time, since other programs can only add to it; with one thread, processor time
is the time on an idle machine. If memory is the limit, all formats read the same number of bytes
per second; if arithmetic is, the same number of weights.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13

from benchmarks.machine import describe_machine, memory_bandwidth_gb_s
from benchmarks.report import report

_WIDTH, _INNER, _NUM_PAIRS = 1024, 3072, 20
_NUM_WEIGHTS = 2 * _NUM_PAIRS * _WIDTH * _INNER
_WHOLE_ROW = 0
_ROWS = (1, 16)


@dataclass(frozen=True, slots=True)
class Format:
    """How weights are stored.

    Attributes:
        kind: ``u4`` (with zero points), ``i4``, ``i8``, ``u8`` (with zero points) or ``f32``.
        group: Weights that share a scale; 0 means a whole row of the matrix.
    """

    kind: str
    group: int = _WHOLE_ROW

    @property
    def name(self) -> str:
        """Its name in the report."""
        group = f", groups of {self.group}" if self.group else ""
        return self.kind + group


FORMATS = (
    Format("u4", 64),
    Format("u4", 128),
    Format("i4", 64),
    Format("i4", 128),
    Format("i8"),
    Format("u8"),
    Format("i8", 64),
    Format("f32"),
)


def raw(kind: str, shape: tuple[int, ...]) -> Any:
    """Random weights in their storage format."""
    types = {"u4": ov.Type.u4, "i4": ov.Type.i4, "i8": ov.Type.i8, "u8": ov.Type.u8}
    tensor = ov.Tensor(types[kind], ov.Shape(shape))
    data = tensor.data.reshape(-1).view(np.uint8)
    data[:] = np.random.default_rng(0).integers(0, 256, len(data), dtype=np.uint8)
    return opset13.convert(ov.op.Constant(tensor), "f16")


def matrix(form: Format, num_rows: int, num_columns: int) -> Any:
    """A matrix ``[num_rows, num_columns]`` with its decompression."""
    if form.kind == "f32":
        return opset13.constant(np.full((num_rows, num_columns), 0.01, dtype=np.float32))
    groups = (num_columns // form.group, form.group) if form.group else (num_columns,)
    scales = (num_rows, *groups[:-1], 1)
    weights = raw(form.kind, (num_rows, *groups))
    if form.kind.startswith("u"):
        weights = opset13.subtract(weights, raw(form.kind, scales))
    weights = opset13.multiply(weights, opset13.constant(np.full(scales, 0.001, dtype=np.float16)))
    if form.group:
        shape = np.array([num_rows, num_columns], dtype=np.int64)
        weights = opset13.reshape(weights, shape, False)
    return opset13.convert(weights, "f32")


def build(form: Format) -> ov.Model:
    """Pairs of products, from the model's width to the inner one and back."""
    row = opset13.parameter([-1, _WIDTH], np.float32, name="x")
    x: Any = row
    for _ in range(_NUM_PAIRS):
        x = opset13.matmul(x, matrix(form, _INNER, _WIDTH), False, True)
        x = opset13.tanh(opset13.matmul(x, matrix(form, _WIDTH, _INNER), False, True))
    return ov.Model([opset13.result(x)], [row])


def num_bytes(form: Format) -> int:
    """Bytes of all matrices, scales included."""
    if form.kind == "f32":
        return 4 * _NUM_WEIGHTS
    scales = _NUM_WEIGHTS // form.group if form.group else _NUM_PAIRS * (_WIDTH + _INNER)
    return _NUM_WEIGHTS // (2 if form.kind.endswith("4") else 1) + 2 * scales


def compile_request(form: Format, num_threads: int) -> Any:
    """An inference request for the compiled model."""
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": num_threads}
    if form.group:
        options["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = form.group
    if form.kind == "f32":
        options |= {"INFERENCE_PRECISION_HINT": "f32"}
    return ov.Core().compile_model(build(form), "CPU", options).create_infer_request()


def measure(num_rounds: int) -> list[dict[str, Any]]:
    """The figures of each format, number of threads and number of rows."""
    cases = [
        (form, threads, compile_request(form, threads)) for form in FORMATS for threads in (1, 2)
    ]
    inputs = {rows: np.full((rows, _WIDTH), 0.1, dtype=np.float32) for rows in _ROWS}
    best: dict[tuple[Format, int, int], tuple[float, float]] = {}
    for _ in range(num_rounds):
        for form, threads, request in cases:
            for rows, x in inputs.items():
                for _ in range(3):
                    wall, cpu = time.perf_counter(), time.process_time()
                    request.infer({0: x})
                    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                    least = best.get((form, threads, rows), (wall, cpu))
                    best[form, threads, rows] = min(wall, least[0]), min(cpu, least[1])
    return [
        {
            "weights": form.name,
            "MB": round(num_bytes(form) / 1e6, 1),
            "threads": threads,
            "rows": rows,
            "ms": round(1e3 * wall, 2),
            "processor ms": round(1e3 * cpu, 2),
            "GB a processor second": round(num_bytes(form) / cpu / 1e9, 1),
            "billion weights a processor second": round(_NUM_WEIGHTS / cpu / 1e9, 1),
        }
        for (form, threads, rows), (wall, cpu) in best.items()
    ]


def read_gb_s(size_mib: int = 512) -> float:
    """GB that one thread reads from memory per second of processor time, best of forty."""
    array = np.ones(size_mib * 2**20 // 4, dtype=np.float32)

    def read() -> float:
        begun = time.process_time()
        array.max()
        return float(array.nbytes / (time.process_time() - begun) / 1e9)

    return max(read() for _ in range(40))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    figures = measure(options.rounds)
    summary = {
        "machine": describe_machine(),
        "one thread reads, GB a processor second": round(read_gb_s(), 1),
        "two threads read, GB/s": round(memory_bandwidth_gb_s(), 1),
        "figures": figures,
    }
    report(summary, options.out)


if __name__ == "__main__":
    main()
