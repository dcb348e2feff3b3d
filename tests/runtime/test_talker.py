"""A folder without a usable talker is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from palaver.errors import ModelFolderError
from palaver.runtime import talker as talker_module
from palaver.runtime.talker import Talker

FOLDER = Path(__file__).parent / "talker"


def test_a_talker_without_a_positions_input_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(talker_module, "_is_rope_ids", lambda node: False)
    with pytest.raises(ModelFolderError, match="no positions of media"):
        Talker(FOLDER)


def test_a_folder_without_a_configuration_is_refused_with_the_files_name(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"config\.json"):
        Talker(tmp_path)
