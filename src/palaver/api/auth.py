"""Authentication by API keys, sent as bearer tokens (spec row S03)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from palaver.accounts.keys import ApiKey
from palaver.api.parts import ServerParts
from palaver.errors import InvalidApiKey


async def authenticate(request: Request, parts: ServerParts) -> ApiKey:
    """The key of a request.

    Raises:
        InvalidApiKey: It is missing, malformed or unknown.
    """
    header = request.headers.get("authorization")
    if header is None:
        raise InvalidApiKey("an API key is required: send the header 'Authorization: Bearer KEY'")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise InvalidApiKey("the Authorization header must be 'Bearer KEY'")
    key = parts.keys.find(secret.strip())
    if key is None:
        raise InvalidApiKey("the API key is not known here")
    return key


Caller = Annotated[ApiKey, Depends(authenticate)]
"""A route's parameter that gets the key of the request, which needs one."""
