"""Base64 decoding in chunks, so that a large file does not hold the GIL for long."""

from __future__ import annotations

import base64
import binascii

_CHUNK_CHARACTERS = 2**16


def decoded(text: str) -> bytes:
    """The bytes of a base64 text; white space and missing padding are accepted.

    Raises:
        ValueError: It is not base64.
    """
    content = bytearray()
    rest = ""
    is_padded = False
    for begin in range(0, len(text), _CHUNK_CHARACTERS):
        chunk = "".join(text[begin : begin + _CHUNK_CHARACTERS].split())
        if chunk and is_padded:
            raise binascii.Error("Excess data after padding")
        rest += chunk
        end = len(rest) - len(rest) % 4
        content += base64.b64decode(rest[:end], validate=True)
        is_padded = rest[:end].endswith("=")
        rest = rest[end:]
    if is_padded and rest:
        raise binascii.Error("Excess data after padding")
    content += base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)
    return bytes(content)
