"""espeak-ng in a process of its own: ``python -m palaver.speech.espeak_process LIBRARY DATA``.

The library keeps a global state which voices and sentences leave to those behind them, so the same
text never sounds quite the same twice. Here each sentence is spoken by a fork of a process that has
its voice ready, has never had another one, and has never spoken; that one, in turn, is a fork of a
process without a voice, and stays for as long as the same voice is asked for. So a sentence always
sounds the same, begins at once, and costs nothing but itself if it brings its process down.

A request on the standard input is a JSON array of voice, words per minute, pitch, whether its first
piece is urgent, and two paces, how many times faster than it plays to say it, and a text. The
answer on the standard output is 16-bit samples in pieces, as they are made, and a piece of no
length. All of them have a four-byte length in front. The first answer is the sample rate.
:data:`FAILED` in place of a length means that the sentence brought its process down. Two signals
may be sent to the process's group: :data:`EASE` has the rest of a sentence said at the second pace,
:data:`HURRY` as fast as can be.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

from palaver.host.time_slices import give_way, take_short_turns

LENGTH = struct.Struct("<I")
FAILED = 2**32 - 1
HURRY = signal.SIGUSR1
EASE = signal.SIGUSR2

_SYNCHRONOUS = 2
_BUFFER_MS = 50  # a millisecond of work
_UTF8 = 1
_RATE, _PITCH = 1, 3
_BYTES_PER_SAMPLE = 2
_FIRST_BYTES = 9_600  # a fifth of a second: plays until the next piece, half as much more, is there
_PIECE_BYTES = 24_000  # half a second: fewer pieces cost less to pass on
_SEED = 1  # of the noise in consonants, which would differ from process to process
_SPOKEN, _NO_MORE, _OTHER_STYLE = 0, 3, 4
_PR_SET_PDEATHSIG = 1
_INPUT, _OUTPUT = 0, 1
_NOTE_BYTES = 256

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

Style: TypeAlias = tuple[str, int, int]
"""Voice, words per minute, pitch."""
Paces: TypeAlias = tuple[float, float]
"""How many times faster than it plays to say a sentence, and the same from :data:`EASE` on."""
AT_ONCE: Paces = 0.0, 0.0
"""As fast as can be."""


class Synthesiser:
    """The library, loaded and silent.

    Args:
        library: Path of ``libespeak-ng.so``.
        data: Path of its data folder.

    Attributes:
        sample_rate_hz: Of what it says.
        style: The voice that it has.
    """

    def __init__(self, library: str, data: str) -> None:
        self.style: Style | None = None
        self._library = ctypes.CDLL(library)
        self._unsent = bytearray()
        self._send: Callable[[bytes], None] = _write
        self._size = _FIRST_BYTES
        self._paces = AT_ONCE
        self._begin_s, self._num_samples = 0.0, 0
        self._callback = _Callback(self._receive)  # kept: the library holds a bare pointer
        folder = str(Path(data).parent).encode()
        self.sample_rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, folder, 0)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))

    def take(self, style: Style) -> None:
        """Have a voice; no other one may come behind it."""
        if self.style is None:
            voice, words_per_minute, pitch = self.style = style
            self._library.espeak_SetVoiceByName(voice.encode())
            self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
            self._library.espeak_SetParameter(_PITCH, pitch, 0)

    def speak(
        self,
        text: bytes,
        style: Style,
        send: Callable[[bytes], None],
        paces: Paces = AT_ONCE,
        *,
        is_urgent: bool = True,
    ) -> None:
        """Say a sentence; may be called once only.

        Args:
            text: The sentence, in UTF-8.
            style: How.
            send: Takes the samples: a little at first, then in larger pieces.
            paces: How fast.
            is_urgent: Whether the first piece is made at once.
        """
        self._send, self._paces = send, paces
        self._begin_s = 0.0 if is_urgent else time.monotonic()
        self.take(style)
        size = ctypes.c_size_t(len(text) + 1)
        self._library.espeak_Synth(text, size, 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        if self._unsent:
            send(bytes(self._unsent))

    def _receive(self, samples: int, num: int, _events: int) -> int:
        if num > 0:
            self._unsent += ctypes.string_at(samples, num * _BYTES_PER_SAMPLE)
        if len(self._unsent) > self._size:
            self._send(bytes(self._unsent))
            self._unsent.clear()
            self._size = min(self._size * 3 // 2, _PIECE_BYTES)
            self._begin_s = self._begin_s or time.monotonic()
        self._rest(num)
        return 0

    def _rest(self, num_samples: int) -> None:
        """Sleep for as long as these samples may take, unless a first piece is waited for."""
        if not self._begin_s or not self._paces[0]:
            return
        self._num_samples += num_samples
        due_s = self._begin_s + self._num_samples / self.sample_rate_hz / self._paces[0]
        told = signal.sigtimedwait({HURRY, EASE}, max(due_s - time.monotonic(), 0))
        if told:
            pace = 0.0 if told.si_signo == HURRY else self._paces[1]
            self._paces = pace, pace
            self._begin_s, self._num_samples = time.monotonic(), 0


def serve(synthesiser: Synthesiser) -> int:
    """Answer requests until there are no more; returns the exit status."""
    _write(str(synthesiser.sample_rate_hz).encode())
    note = mmap.mmap(-1, _NOTE_BYTES)  # shared with all forks: the style that is asked for
    while (status := _status_of(partial(_serve_style, synthesiser, note))) == _OTHER_STYLE:
        pass
    return 0 if status == _NO_MORE else 1


def _serve_style(synthesiser: Synthesiser, note: mmap.mmap) -> int:
    """Answer requests, beginning with one that is noted, while they want the same style."""
    while True:
        status = _status_of(partial(_answer, synthesiser, note))
        if status in (_NO_MORE, _OTHER_STYLE):
            return status
        if status == _SPOKEN:
            synthesiser.take(_noted(note)[0])
        elif note[0]:
            os.write(_OUTPUT, LENGTH.pack(FAILED))
        note[0] = 0


def _answer(synthesiser: Synthesiser, note: mmap.mmap) -> int:
    """Wait for one request and answer it, unless its style is another one."""
    take_short_turns(are_inherited=False)
    if not note[0]:
        head = _read(LENGTH.size)
        if len(head) < LENGTH.size:
            return _NO_MORE
        note[:_NOTE_BYTES] = _read(*LENGTH.unpack(head)).ljust(_NOTE_BYTES, b"\0")
    style, is_urgent, paces = _noted(note)
    if synthesiser.style not in (None, style):
        return _OTHER_STYLE
    if not is_urgent:  # speaking outruns playing many times over, writing should not wait for it
        give_way()

    def send(samples: bytes) -> None:
        nonlocal is_urgent
        _write(samples)
        if is_urgent:
            is_urgent = False
            give_way()

    text = _read(*LENGTH.unpack(_read(LENGTH.size)))
    synthesiser.speak(text, style, send, paces, is_urgent=is_urgent)
    _write(b"")
    return _SPOKEN


def _noted(note: mmap.mmap) -> tuple[Style, bool, Paces]:
    """How to speak, whether somebody waits for the first piece, and how fast."""
    voice, words_per_minute, pitch, is_urgent, pace, eased = json.loads(note[:].rstrip(b"\0"))
    return (voice, words_per_minute, pitch), is_urgent, (pace, eased)


def _status_of(work: Callable[[], int]) -> int:
    """The exit status of a fork that works, and does not outlive this process."""
    parent = os.getpid()
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            status = work()
    finally:
        os._exit(status)


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
    # A group of its own: a terminal's Ctrl-C is the server's affair. Not a session: Linux shares
    # cores among sessions, so one that wants little would wait, and niceness count for nothing.
    signal.pthread_sigmask(signal.SIG_BLOCK, {HURRY, EASE})
    os.setpgid(0, 0)
    sys.exit(serve(Synthesiser(*sys.argv[1:3])))
