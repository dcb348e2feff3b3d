"""A recorded text model, whose weights are random, but fixed."""

from __future__ import annotations

import shutil
from pathlib import Path

from palaver.models.catalogue import BUILT_IN_FOLDER

RECORDED = Path(__file__).parent / "text"
"""Its weights; :func:`write` adds tokenizer and template."""
WORDS = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json")


def write(folder: Path) -> Path:
    """The whole model in a folder: the recorded weights and the built-in model's tokenizer."""
    shutil.copytree(RECORDED, folder)
    for name in WORDS:
        shutil.copyfile(BUILT_IN_FOLDER / name, folder / name)
    return folder
