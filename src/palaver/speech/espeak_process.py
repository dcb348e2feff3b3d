"""espeak-ng in a process of its own: ``python -m palaver.speech.espeak_process LIBRARY DATA``.

The library keeps a global state that one sentence leaves to the next, so the same text never sounds
quite the same twice. Here each sentence is spoken by a fork of a process that has never spoken,
which makes it sound the same always. The fork is made before the sentence comes, so it costs no
time, and a crash costs one sentence.

A request on the standard input is a JSON object with ``text``, ``voice``, ``words_per_minute`` and
``pitch``, an answer on the standard output 16-bit samples, each with a four-byte length in front.
The first answer is the sample rate. :data:`FAILED` in place of a length means that the sentence
brought its process down.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import struct
import sys
from pathlib import Path
from typing import Any

LENGTH = struct.Struct("<I")
FAILED = 2**32 - 1

_SYNCHRONOUS = 2
_BUFFER_MS = 200
_UTF8 = 1
_RATE, _PITCH = 1, 3
_BYTES_PER_SAMPLE = 2
_NICENESS = 5  # speaking outruns playing many times over, writing should not wait for it
_SEED = 1  # of the noise in consonants, which would differ from process to process
_SPOKEN, _NO_MORE = 0, 3
_INPUT, _OUTPUT = 0, 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Synthesiser:
    """The library, loaded and silent.

    Args:
        library: Path of ``libespeak-ng.so``.
        data: Path of its data folder.
    """

    def __init__(self, library: str, data: str) -> None:
        self._library = ctypes.CDLL(library)
        self._parts: list[bytes] = []
        self._callback = _Callback(self._receive)  # kept: the library holds a bare pointer
        folder = str(Path(data).parent).encode()
        self.sample_rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, folder, 0)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))

    def speak(self, request: dict[str, Any]) -> bytes:
        """The samples of a sentence; may be called once only."""
        text = request["text"].replace("\0", " ").encode("utf-8", "replace")
        self._library.espeak_SetVoiceByName(request["voice"].encode())
        self._library.espeak_SetParameter(_RATE, request["words_per_minute"], 0)
        self._library.espeak_SetParameter(_PITCH, request["pitch"], 0)
        size = ctypes.c_size_t(len(text) + 1)
        self._library.espeak_Synth(text, size, 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        return b"".join(self._parts)

    def _receive(self, samples: int, num: int, _events: int) -> int:
        if num > 0:
            self._parts.append(ctypes.string_at(samples, num * _BYTES_PER_SAMPLE))
        return 0


def serve(synthesiser: Synthesiser) -> None:
    """Answer requests until there are no more."""
    _write(str(synthesiser.sample_rate_hz).encode())
    is_asked = mmap.mmap(-1, 1)  # shared with the forks
    status = _SPOKEN
    while status != _NO_MORE:
        is_asked[0] = 0
        child = os.fork()
        if not child:
            _answer(synthesiser, is_asked)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status not in (_SPOKEN, _NO_MORE) and is_asked[0]:
            os.write(_OUTPUT, LENGTH.pack(FAILED))


def _answer(synthesiser: Synthesiser, is_asked: mmap.mmap) -> None:
    """Wait for one request and answer it; ends the process."""
    head = _read(LENGTH.size)
    if len(head) < LENGTH.size:
        os._exit(_NO_MORE)
    is_asked[0] = 1
    _write(synthesiser.speak(json.loads(_read(*LENGTH.unpack(head)))))
    os._exit(_SPOKEN)


def _read(num_bytes: int) -> bytes:
    """Unbuffered: what comes later belongs to another process."""
    content = b""
    while len(content) < num_bytes and (part := os.read(_INPUT, num_bytes - len(content))):
        content += part
    return content


def _write(content: bytes) -> None:
    left = memoryview(LENGTH.pack(len(content)) + content)
    while left:
        left = left[os.write(_OUTPUT, left) :]


if __name__ == "__main__":
    os.nice(_NICENESS)
    serve(Synthesiser(*sys.argv[1:3]))
