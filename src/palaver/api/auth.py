"""Who is asking: Bearer keys (spec row S03)."""

from __future__ import annotations

from fastapi import Request

from palaver.accounts.keys import ApiKey, KeyStore
from palaver.errors import InvalidApiKey


def authenticate(request: Request) -> ApiKey:
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
    keys: KeyStore = request.app.state.keys
    key = keys.find(secret.strip())
    if key is None:
        raise InvalidApiKey("the API key is not known here")
    return key
