from __future__ import annotations

from pathlib import Path

import pytest

from palaver.accounts.database import open_database
from palaver.errors import SettingError


def test_a_data_folder_that_is_a_file_is_refused_and_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingError, match=f"^data_dir: cannot make {file}: File exists"):
        open_database(file)


def test_a_file_that_is_no_database_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "palaver.db").write_text("This is a letter, not a database. " * 100)
    with pytest.raises(SettingError, match=r"^data_dir: cannot use .*palaver\.db: .*database"):
        open_database(tmp_path)
