"""The memory that a model's configuration promises is the memory that its runtime takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from palaver.models.catalogue import BUILT_IN_FOLDER
from palaver.models.files import ModelFiles
from palaver.models.formats import open_files
from palaver.models.memory import num_cache_tokens
from palaver.runtime import RuntimeConfig, load_runtime
from palaver.runtime.config import CachePrecision
from tests.models.example_folder import CONFIG, write_folder

TEXT = Path(__file__).parents[1] / "runtime" / "text"
CACHE_BYTES = 2**24 + 12345  # not a whole number of any model's blocks


@pytest.mark.parametrize("folder", [BUILT_IN_FOLDER, TEXT], ids=["built-in", "text"])
@pytest.mark.parametrize("precision", ["u8", "f16", "f32"])
def test_a_cache_holds_as_many_tokens_as_its_runtime_will_have(
    folder: Path, precision: CachePrecision
) -> None:
    files = open_files(folder)
    config = RuntimeConfig(
        folder=str(folder),
        cache_bytes=CACHE_BYTES,
        cache_precision=precision,
        inference_precision="f32",
        multimodal=files.multimodal,
    )
    shape = load_runtime(config).shape
    served = shape.num_blocks * shape.block_size_tokens
    assert num_cache_tokens(files, precision, CACHE_BYTES) == served


@pytest.mark.parametrize("missing", ["num_attention_heads", "num_hidden_layers"])
def test_a_configuration_that_does_not_say_leaves_the_size_open(
    tmp_path: Path, missing: str
) -> None:
    config: dict[str, Any] = {**CONFIG, "num_attention_heads": 4}
    del config[missing]
    files: ModelFiles = open_files(write_folder(tmp_path / "m", config))
    assert num_cache_tokens(files, "f16", CACHE_BYTES) is None
