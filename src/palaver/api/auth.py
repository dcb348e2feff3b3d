"""Authentication by API keys, sent as bearer tokens (spec row S03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from palaver.accounts.keys import ApiKey
from palaver.api.parts import Parts, parts_of
from palaver.errors import InvalidApiKey


@dataclass(frozen=True, slots=True)
class Access:
    """What a request with a valid key may use.

    Attributes:
        key: Its key, which is the account that asks.
        parts: The server's parts.
    """

    key: ApiKey
    parts: Parts


async def authorize(request: Request) -> Access:
    """Access to the server, for a request with a valid key.

    One dependency gives key and parts, since FastAPI takes some 20 µs to resolve each.

    Raises:
        InvalidApiKey: The key is missing, malformed or unknown.
    """
    header = request.headers.get("authorization")
    if header is None:
        raise InvalidApiKey("an API key is required: send the header 'Authorization: Bearer KEY'")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise InvalidApiKey("the Authorization header must be 'Bearer KEY'")
    parts = await parts_of(request)
    key = parts.keys.find(secret.strip())
    if key is None:
        raise InvalidApiKey("the API key is not known here")
    return Access(key, parts)


Authorized = Annotated[Access, Depends(authorize)]
"""The parameter of a route that needs a key."""
