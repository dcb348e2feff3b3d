"""The metadata of an ONNX file, read without a library for ONNX and without the weights.

The file is a protobuf message; metadata are its fields of one number, each a message of a key and a
value. All others are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from io import SEEK_CUR, BytesIO
from pathlib import Path
from typing import BinaryIO

_METADATA_FIELD = 14
_KEY_FIELD, _VALUE_FIELD = 1, 2
_VARINT, _BYTES = 0, 2
_MAX_SIZE = 2**31  # of any protobuf message
_FIXED_SIZES = {1: 8, 5: 4}
"""Sizes in bytes of the kinds of fields that have a fixed one."""


def onnx_metadata(path: Path) -> dict[str, str]:
    """The metadata of an ONNX file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not an ONNX file.
    """
    with path.open("rb") as file:
        entries = [
            dict(_fields(BytesIO(entry), {_KEY_FIELD, _VALUE_FIELD}))
            for _, entry in _fields(file, {_METADATA_FIELD})
        ]
    return {e.get(_KEY_FIELD, b"").decode(): e.get(_VALUE_FIELD, b"").decode() for e in entries}


def _fields(file: BinaryIO, wanted: Set[int]) -> Iterator[tuple[int, bytes]]:
    """Numbers and contents of the wanted fields, which hold bytes."""
    while (key := _varint(file, is_end_allowed=True)) is not None:
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            _varint(file)
        elif kind == _BYTES:
            size = _varint(file) or 0
            if size > _MAX_SIZE:
                raise ValueError(f"a field of {size} bytes")
            if number in wanted:
                yield number, file.read(size)
            else:
                file.seek(size, SEEK_CUR)
        elif kind in _FIXED_SIZES:
            file.seek(_FIXED_SIZES[kind], SEEK_CUR)
        else:
            raise ValueError(f"a field of unknown kind {kind}")


def _varint(file: BinaryIO, *, is_end_allowed: bool = False) -> int | None:
    """The next number; ``None`` at the end of the file, where it may end."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            if is_end_allowed and shift == 0:
                return None
            raise ValueError("the file ends within a number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number of more than 64 bits")
