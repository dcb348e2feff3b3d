"""Models that take embeddings look tokens up in the graph that embeds them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from palaver.errors import ModelFolderError
from palaver.runtime import load_runtime
from palaver.runtime.embedding import embed_inside
from tests.multimodal.model import HERE
from tests.runtime.configs import config_of

FILE = "openvino_text_embeddings_model.xml"


def echo(hidden_size: int) -> ov.Model:
    """A model whose output is its input of embeddings."""
    embeds = ov.opset13.parameter([-1, hidden_size], np.float32, name="inputs_embeds")
    embeds.output(0).set_names({"inputs_embeds"})
    return ov.Model([ov.opset13.result(embeds)], [embeds])


@pytest.mark.parametrize("family", ["omni", "vl"])
def test_tokens_are_looked_up_in_the_folders_own_model_and_media_rows_are_kept(
    family: str,
) -> None:
    core = ov.Core()
    ids = np.array([3, 500, 3, 41, 7], dtype=np.int64)
    expected = core.compile_model(HERE / family / FILE, "CPU")(ids[None])[0][0].copy()
    model = echo(expected.shape[1])
    embed_inside(core, model, HERE / family)
    compiled = core.compile_model(model, "CPU")
    none = {"is_media": np.zeros((5, 1), dtype=np.bool_), "media_rows": expected[:1] * 0}
    assert np.array_equal(compiled({"input_ids": ids} | none)[0], expected)
    is_media = np.array([[False], [True], [True], [False], [False]])
    rows = np.random.default_rng(0).standard_normal(expected.shape).astype(np.float32)
    found = compiled({"input_ids": ids, "is_media": is_media, "media_rows": rows})[0]
    assert np.array_equal(found, np.where(is_media, rows, expected))


def test_a_folder_without_an_embeddings_model_is_refused_and_the_file_named(tmp_path: Path) -> None:
    folder = tmp_path / "omni"
    shutil.copytree(HERE / "omni", folder)
    config = config_of(folder)
    (folder / FILE).unlink()
    with pytest.raises(ModelFolderError, match=FILE):
        load_runtime(config)
