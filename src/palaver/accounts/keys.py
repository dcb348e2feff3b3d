"""API keys: made once, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, func, insert, select

from palaver.accounts.database import api_keys

_PREFIX = "sk-palaver-"
_SECRET_BYTES = 24


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A valid API key, which may send requests.

    Attributes:
        id: Identifies the key in logs and lists; not secret.
        name: What it is for, as its owner has named it.
    """

    id: str
    name: str


class KeyStore:
    """The keys of a server.

    Keys are random with 192 bits, so a plain SHA-256 is as safe as a slow hash and costs nothing.

    Args:
        database: Where the hashes are kept.
        configured: A key given in the configuration, valid besides the stored ones.
    """

    def __init__(self, database: Engine, configured: str | None = None) -> None:
        self._database = database
        self._by_hash: dict[str, ApiKey] = {}
        with database.connect() as connection:
            for row in connection.execute(select(api_keys)):
                self._by_hash[row.sha256] = ApiKey(row.id, row.name)
        if configured:
            self._by_hash[_hash(configured)] = ApiKey("configured", "PALAVER_API_KEY")

    def __len__(self) -> int:
        return len(self._by_hash)

    def find(self, secret: str) -> ApiKey | None:
        """The key that has this ``secret``, ``None`` if it is unknown."""
        return self._by_hash.get(_hash(secret))

    def create(self, name: str) -> str:
        """Make a key and keep its hash; the secret is returned here and never again."""
        secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        key = ApiKey(secrets.token_hex(4), name)
        with self._database.begin() as connection:
            connection.execute(
                insert(api_keys).values(
                    id=key.id, name=name, sha256=_hash(secret), created_at=datetime.now(UTC)
                )
            )
        self._by_hash[_hash(secret)] = key
        return secret

    @property
    def num_stored(self) -> int:
        """Keys in the database."""
        with self._database.connect() as connection:
            return connection.execute(select(func.count()).select_from(api_keys)).scalar_one()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
