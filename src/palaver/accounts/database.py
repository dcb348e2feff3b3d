"""The server's own database: one SQLite file, or any other that SQLAlchemy reaches."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, DateTime, Engine, MetaData, String, Table, create_engine

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
    """The database in a server's data folder, created with its tables if it is not there."""
    data_dir.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{data_dir / 'palaver.db'}")
    metadata.create_all(engine)
    return engine
