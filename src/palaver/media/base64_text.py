"""Base64, piece by piece: a large file does not hold Python's lock for long."""

from __future__ import annotations

import base64
import binascii

_PIECE_CHARACTERS = 2**16


def decoded(text: str) -> bytes:
    """The bytes that a text stands for; white space and missing padding are no faults.

    Raises:
        ValueError: It is not base64.
    """
    content = bytearray()
    rest = ""
    is_padded = False
    for begin in range(0, len(text), _PIECE_CHARACTERS):
        piece = "".join(text[begin : begin + _PIECE_CHARACTERS].split())
        if piece and is_padded:
            raise binascii.Error("Excess data after padding")
        rest += piece
        end = len(rest) - len(rest) % 4
        content += base64.b64decode(rest[:end], validate=True)
        is_padded = rest[:end].endswith("=")
        rest = rest[end:]
    if is_padded and rest:
        raise binascii.Error("Excess data after padding")
    content += base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)
    return bytes(content)
