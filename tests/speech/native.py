"""A tiny Qwen3-Omni that speaks: the recorded thinker and the recorded talker in one folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openvino as ov
from openvino import opset13 as ops

THINKER = Path(__file__).parent.parent / "multimodal" / "omni"
TALKER = Path(__file__).parent.parent / "runtime" / "talker"
SPEAKERS = {"ethan": 270, "chelsie": 271}
_LOUDER = 3e6
"""Random weights give very quiet audio, some ten-millionths of full scale."""


def write_folder(path: Path) -> Path:
    """Write it; returns the path."""
    shutil.copytree(THINKER, path, ignore=shutil.ignore_patterns("*.npz"))
    kept = shutil.ignore_patterns("*.npz", "openvino_code2wav*")
    shutil.copytree(TALKER, path, ignore=kept, dirs_exist_ok=True)
    config = json.loads((TALKER / "config.json").read_text())
    config["talker_config"]["speaker_id"] = SPEAKERS
    (path / "config.json").write_text(json.dumps(config))
    model = ov.Core().read_model(TALKER / "openvino_code2wav_model.xml")
    end = model.get_results()[0]
    louder = ops.multiply(end.input_value(0), ops.constant(_LOUDER, dtype="float32"))
    end.input(0).replace_source_output(louder.output(0))
    ov.save_model(model, path / "openvino_code2wav_model.xml", compress_to_fp16=False)
    return path
