"""The folders that training reads and writes."""

from __future__ import annotations

from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[2]

MODEL_FOLDER = _PROJECT.parent / "src" / "palaver" / "models" / "tiny"
"""The built-in model as the server loads it: tokenizer, chat template, OpenVINO IR."""

CHECKPOINT_FOLDER = _PROJECT / "checkpoint"
"""Its weights under the names of transformers, to continue training from."""
