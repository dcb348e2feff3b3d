"""Makes the voice model of the tests: ``python -m tests.speech.make_tiny_voice FOLDER``.

A VITS model in form only: three speakers, random weights, a tone of 96 samples for each letter.
Needs the ``onnx`` package, which nothing else does.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

LETTERS = "_ abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"
SAMPLES_PER_LETTER = 96
RATE_HZ = 16_000
NUM_SPEAKERS = 3
_METADATA = {
    "model_type": "vits",
    "comment": "mms",
    "language": "English",
    "frontend": "characters",
    "add_blank": "0",
    "use_eos_bos": "0",
    "blank_id": "0",
    "bos_id": "0",
    "eos_id": "0",
    "pad_id": "0",
    "n_speakers": str(NUM_SPEAKERS),
    "sample_rate": str(RATE_HZ),
    "punctuation": ". , ! ?",
}


def main(folder: Path) -> None:
    """Write ``model.onnx`` and ``tokens.txt``."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(7)
    times = np.arange(SAMPLES_PER_LETTER) / RATE_HZ
    pitches = rng.uniform(150, 900, size=len(LETTERS))[:, None]
    tones = 0.3 * np.sin(2 * np.pi * pitches * times) * np.hanning(SAMPLES_PER_LETTER)
    tones[:2] = 0
    weights = {
        "tones16": tones.astype(np.float16),
        "shape": np.array([1, 1, -1]),
        "gains": np.linspace(1, 0.4, NUM_SPEAKERS, dtype=np.float32),
        "zero": np.array(0, np.float32),
    }
    node, value = helper.make_node, helper.make_tensor_value_info
    scales = ["noise_scale", "length_scale", "noise_scale_w"]
    graph = helper.make_graph(
        [
            node("Cast", ["tones16"], ["tones"], to=TensorProto.FLOAT),
            node("Gather", ["tones", "input"], ["letters"], axis=0),
            node("Reshape", ["letters", "shape"], ["wave"]),
            node("Sum", scales, ["scale"]),
            node("Cast", ["input_lengths"], ["length"], to=TensorProto.FLOAT),
            node("Add", ["scale", "length"], ["unused"]),
            node("Mul", ["unused", "zero"], ["nothing"]),
            node("Add", ["wave", "nothing"], ["plain"]),
            node("Gather", ["gains", "sid"], ["gain"], axis=0),
            node("Mul", ["plain", "gain"], ["output"]),
        ],
        "tiny",
        [
            value("input", TensorProto.INT64, ["N", "L"]),
            value("input_lengths", TensorProto.INT64, ["N"]),
            *(value(name, TensorProto.FLOAT, [1]) for name in scales),
            value("sid", TensorProto.INT64, [1]),
        ],
        [value("output", TensorProto.FLOAT, [1, 1, "T"])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, _METADATA)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(folder / "model.onnx"))
    lines = (f"{letter} {i}\n" for i, letter in enumerate(LETTERS))
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
