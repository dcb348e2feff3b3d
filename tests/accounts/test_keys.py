from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from sqlalchemy import Engine, select

from palaver.accounts.database import api_keys, open_database
from palaver.accounts.keys import ApiKey, KeyStore

Opener: TypeAlias = Callable[[Path], Engine]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Open databases, which are closed when the test is over."""
    databases: list[Engine] = []

    def open_one(data_dir: Path) -> Engine:
        databases.append(open_database(data_dir))
        return databases[-1]

    yield open_one
    for database in databases:
        database.dispose()


@pytest.fixture
def store(tmp_path: Path, opened: Opener) -> KeyStore:
    return KeyStore(opened(tmp_path))


def test_a_new_key_is_valid_under_its_name(store: KeyStore) -> None:
    key = store.find(store.create("laptop"))
    assert key is not None
    assert key.name == "laptop"


def test_every_key_is_different(store: KeyStore) -> None:
    secrets = {store.create("same name") for _ in range(20)}
    assert len(secrets) == len(store) == store.num_stored == 20
    ids = {key.id for key in map(store.find, secrets) if key}
    assert len(ids) == 20


@pytest.mark.parametrize("change", [str.upper, lambda s: s[:-1], lambda s: s + "x", lambda s: ""])
def test_anything_but_the_exact_secret_is_unknown(store: KeyStore, change: object) -> None:
    secret = store.create("laptop")
    assert callable(change)
    assert store.find(change(secret)) is None


def test_keys_survive_reopening(tmp_path: Path, opened: Opener) -> None:
    secret = KeyStore(opened(tmp_path)).create("laptop")
    again = KeyStore(opened(tmp_path))
    key = again.find(secret)
    assert key is not None
    assert key.name == "laptop"
    assert again.num_stored == 1


def test_the_secret_is_in_no_file_and_no_row(tmp_path: Path, opened: Opener) -> None:
    database = opened(tmp_path)
    secret = KeyStore(database).create("laptop")
    database.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"laptop" in content
    assert secret.encode() not in content
    assert secret.removeprefix("sk-palaver-").encode() not in content
    with database.connect() as connection:
        row = connection.execute(select(api_keys)).one()
    assert secret not in map(str, row)


def test_the_repr_of_a_key_does_not_show_its_secret(store: KeyStore) -> None:
    secret = store.create("laptop")
    assert secret not in repr(store.find(secret))


def test_a_secret_is_recognised_by_its_beginning_and_is_long(store: KeyStore) -> None:
    secret = store.create("laptop")
    assert secret.startswith("sk-palaver-")
    assert len(secret.removeprefix("sk-palaver-")) == 32


def test_a_configured_key_is_valid_and_not_stored(tmp_path: Path, opened: Opener) -> None:
    store = KeyStore(opened(tmp_path), "from the environment")
    assert store.find("from the environment") == ApiKey("configured", "PALAVER_API_KEY")
    assert (len(store), store.num_stored) == (1, 0)
    assert KeyStore(opened(tmp_path)).find("from the environment") is None


@pytest.mark.parametrize("configured", [None, ""])
def test_without_keys_no_secret_is_accepted(
    tmp_path: Path, configured: str | None, opened: Opener
) -> None:
    store = KeyStore(opened(tmp_path), configured)
    assert len(store) == 0
    assert store.find("") is None


def test_the_data_folder_is_made_with_its_parents(tmp_path: Path, opened: Opener) -> None:
    opened(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "palaver.db").is_file()
