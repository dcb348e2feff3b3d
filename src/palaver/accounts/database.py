"""The server's own database: one SQLite file, or any other that SQLAlchemy reaches."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, DateTime, Engine, MetaData, String, Table, create_engine
from sqlalchemy.exc import SQLAlchemyError

from palaver.errors import SettingError

metadata = MetaData()

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
)


def open_database(data_dir: Path) -> Engine:
    """The database in a server's data folder, created with its tables if it is not there.

    Raises:
        SettingError: The folder cannot be made, or its file is not such a database.
    """
    file = data_dir / "palaver.db"
    engine = create_engine(f"sqlite:///{file}")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        metadata.create_all(engine)
    except OSError as error:
        engine.dispose()
        raise SettingError(f"data_dir: cannot make {data_dir}: {error.strerror}") from error
    except SQLAlchemyError as error:
        engine.dispose()
        raise SettingError(f"data_dir: cannot use {file}: {error.args[0]}") from error
    return engine
