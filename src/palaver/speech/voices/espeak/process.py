"""The process that speaks: ``python -m palaver.speech.voices.espeak.process …``.

espeak-ng keeps a global state which voices and sentences leave to those behind them, so the same
text never sounds quite the same twice. Here each sentence is spoken by a fork of a process that has
its voice ready, has never had another one, and has never spoken; that one, in turn, is a fork of a
process without a voice, and stays for as long as the same voice is asked for. So a sentence always
sounds the same, begins at once, and costs nothing but itself if it brings its process down.

A sentence comes in two messages, of :func:`encode_sentence`, and goes out in several:
:data:`PIECE` with 16-bit samples, as they are made, and then :data:`DONE`, or :data:`FAILED` if it
brought its process down. A further message meanwhile, such as :data:`STOP`, ends the sentence.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import select
import time
from collections.abc import Callable
from pathlib import Path

from palaver.host import tuning
from palaver.host.child_side import Parent, connect, fork_with_parent
from palaver.speech.voices.espeak.timbres import Style

PIECE, DONE, FAILED = b"+", b".", b"!"
STOP = b""

PACE = 8.0
"""How many times faster than it plays a sentence is said that is played meanwhile."""

_SYNCHRONOUS = 2
_BUFFER_MS = 50  # a millisecond of work
_UTF8 = 1
_RATE, _PITCH = 1, 3
_BYTES_PER_SAMPLE = 2
_FIRST_BYTES = 9_600  # a fifth of a second: plays until the next piece, half as much more, is there
_PIECE_BYTES = 24_000  # half a second: fewer pieces cost less to pass on
_SEED = 1  # of the noise in consonants, which would differ from process to process
_SPOKEN, _NO_MORE, _OTHER_STYLE = 0, 3, 4
_NOTE_BYTES = 256
_GO_ON, _ABORT = 0, 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def encode_sentence(text: str, style: Style, *, is_paced: bool) -> tuple[bytes, bytes]:
    """The two messages that ask for a sentence: how to say it, and what.

    Args:
        text: The sentence; what UTF-8 or C cannot hold is replaced.
        style: How it is to sound.
        is_paced: Whether to keep to the pace behind the first piece, or be as fast as can be.
    """
    return json.dumps([*style, is_paced]).encode(), text.replace("\0", " ").encode(
        "utf-8", "replace"
    )


def rest_s(audio_s: float, elapsed_s: float) -> float:
    """Seconds to rest so that the pace is kept.

    Args:
        audio_s: Seconds of audio that have been made.
        elapsed_s: Seconds that this has taken.
    """
    return max(audio_s / PACE - elapsed_s, 0.0)


class Synthesiser:
    """The library, loaded and silent.

    Args:
        library: Path of ``libespeak-ng.so``.
        data: Path of its data folder.
        parent: Where the samples go.

    Attributes:
        sample_rate_hz: Of what it says.
        style: The voice that it has.
    """

    def __init__(self, library: str, data: str, parent: Parent) -> None:
        self.style: Style | None = None
        self._library = ctypes.CDLL(library)
        self._parent = parent
        self._unsent = bytearray()
        self._size = _FIRST_BYTES
        self._is_paced = False
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

    def speak(self, text: bytes, style: Style, *, is_paced: bool) -> None:
        """Say a sentence; may be called once only.

        Args:
            text: The sentence, in UTF-8.
            style: How.
            is_paced: See :func:`encode_sentence`.
        """
        self._is_paced = is_paced
        self.take(style)
        size = ctypes.c_size_t(len(text) + 1)
        self._library.espeak_Synth(text, size, 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        if self._unsent:
            self._send()

    def _receive(self, samples: int, num: int, _events: int) -> int:
        """Take samples of the library; returns whether to stop."""
        if num > 0:
            self._unsent += ctypes.string_at(samples, num * _BYTES_PER_SAMPLE)
        if len(self._unsent) > self._size:
            self._send()
            self._size = min(self._size * 3 // 2, _PIECE_BYTES)
            self._begin_s = self._begin_s or time.monotonic()
        if self._has_to_stop(self._rest_s(num)):
            self._unsent.clear()
            return _ABORT
        return _GO_ON

    def _send(self) -> None:
        """Send what is there: a little at first, then larger pieces."""
        with contextlib.suppress(OSError):  # the parent has hung up, which stops the sentence
            self._parent.send(PIECE + self._unsent)
        self._unsent.clear()

    def _rest_s(self, num_samples: int) -> float:
        """For how long to rest behind so many further samples; the first piece is waited for."""
        if not (self._is_paced and self._begin_s):
            return 0.0
        self._num_samples += num_samples
        return rest_s(self._num_samples / self.sample_rate_hz, time.monotonic() - self._begin_s)

    def _has_to_stop(self, wait_s: float) -> bool:
        """Whether the parent says something, or hangs up, within some seconds."""
        readable, _, _ = select.select([self._parent.connection], [], [], wait_s)
        return bool(readable)


class SpeechServer:
    """Forks for each voice and, under that, for each sentence.

    Args:
        synthesiser: Without a voice.
        parent: Asks for sentences.
    """

    def __init__(self, synthesiser: Synthesiser, parent: Parent) -> None:
        self._synthesiser = synthesiser
        self._parent = parent
        self._note = mmap.mmap(-1, _NOTE_BYTES)  # shared with all forks: the style asked for

    def serve(self) -> None:
        """Answer until the parent hangs up."""
        while _status_of(self._serve_style) == _OTHER_STYLE:
            pass

    def _serve_style(self) -> int:
        """Answer, beginning with a sentence that is noted, while they want the same style."""
        while True:
            status = _status_of(self._answer)
            if status in (_NO_MORE, _OTHER_STYLE):
                return status
            if status == _SPOKEN:
                self._synthesiser.take(self._noted()[0])
            elif self._note[0]:
                self._parent.send(FAILED)
            self._note[0] = 0

    def _answer(self) -> int:
        """Wait for one sentence and say it, unless its style is another one."""
        while not self._note[0]:
            if (head := self._parent.receive()) is None:
                return _NO_MORE
            if head != STOP:
                self._note[:_NOTE_BYTES] = head.ljust(_NOTE_BYTES, b"\0")
        style, is_paced = self._noted()
        if self._synthesiser.style not in (None, style):
            return _OTHER_STYLE
        if (text := self._parent.receive()) is None:
            return _NO_MORE
        self._synthesiser.speak(text, style, is_paced=is_paced)
        self._parent.send(DONE)
        return _SPOKEN

    def _noted(self) -> tuple[Style, bool]:
        """How to speak, and whether to keep to the pace."""
        *style, is_paced = json.loads(self._note[:].rstrip(b"\0"))
        voice, words_per_minute, pitch = style
        return (voice, words_per_minute, pitch), is_paced


def _status_of(work: Callable[[], int]) -> int:
    """The exit status of a fork that works."""
    if child := fork_with_parent():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        status = work()
    finally:
        os._exit(status)


def main() -> None:
    """Load the library and speak for the parent."""
    parent = connect()
    if parent.is_tuned:
        tuning.tune_background_process()
    try:
        import espeakng_loader  # noqa: PLC0415

        paths = espeakng_loader.get_library_path(), espeakng_loader.get_data_path()
        synthesiser = Synthesiser(*paths, parent)
    except (ImportError, OSError) as error:
        parent.say_failed(str(error))
        return
    parent.say_ready(str(synthesiser.sample_rate_hz).encode())
    SpeechServer(synthesiser, parent).serve()


if __name__ == "__main__":
    main()
