"""The process of the embedded voices: ``python -m palaver.speech.voices.espeak.process …``.

espeak-ng keeps global state, which earlier voices and sentences change, so the same text would
sound a little different each time. Therefore each sentence is spoken by a fork of a process that
has loaded its style, never another one, and has never spoken. That process is itself a fork of one
without a style, and stays as long as the same style is asked for. So a sentence always sounds the
same and begins at once, and if it crashes its process, no other sentence is lost.

A sentence comes in two messages, see :func:`encode_sentence`. The answer is several messages:
:data:`CHUNK` with 16-bit samples, as they are made, and then :data:`DONE`, or :data:`FAILED` if the
process crashed. A further message meanwhile, such as :data:`STOP`, stops the sentence.
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

CHUNK, DONE, FAILED = b"+", b".", b"!"
STOP = b""

PACE = 8.0
"""Limit of the pace for a sentence that is played meanwhile, in multiples of playing speed."""

_SYNCHRONOUS = 2
_BUFFER_MS = 50  # takes a millisecond to compute
_UTF8 = 1
_RATE, _PITCH = 1, 3
_BYTES_PER_SAMPLE = 2
_FIRST_BYTES = 9_600  # 0.2 s: plays until the next chunk, half as long again, is ready
_CHUNK_BYTES = 24_000  # 0.5 s: fewer chunks cost less to forward
_SEED = 1  # of the noise in consonants, which would differ from process to process
_SPOKEN, _CLOSED, _OTHER_STYLE = 0, 3, 4
_PENDING_BYTES = 256
_CONTINUE, _ABORT = 0, 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


def encode_sentence(text: str, style: Style, *, is_paced: bool) -> tuple[bytes, bytes]:
    """The two messages for a sentence: its style, and its text.

    Args:
        text: The sentence; characters that UTF-8 or C strings cannot hold are replaced.
        style: The style.
        is_paced: Whether to limit the pace after the first chunk.
    """
    return json.dumps([*style, is_paced]).encode(), text.replace("\0", " ").encode(
        "utf-8", "replace"
    )


def rest_s(audio_s: float, elapsed_s: float) -> float:
    """Seconds to sleep so that the limit of the pace is kept.

    Args:
        audio_s: Seconds of audio that have been made.
        elapsed_s: Seconds that this has taken.
    """
    return max(audio_s / PACE - elapsed_s, 0.0)


class Synthesiser:
    """The loaded library.

    Args:
        library: Path of ``libespeak-ng.so``.
        data: Path of its data folder.
        parent: Gets the samples.

    Attributes:
        sample_rate_hz: Sample rate of the audio.
        style: The style that is loaded, if one is.
    """

    def __init__(self, library: str, data: str, parent: Parent) -> None:
        self.style: Style | None = None
        self._library = ctypes.CDLL(library)
        self._parent = parent
        self._unsent = bytearray()
        self._size = _FIRST_BYTES
        self._is_paced = False
        self._begin_s, self._num_samples = 0.0, 0
        # Kept alive, since the library has only a pointer to it.
        self._callback = _Callback(self._receive)
        folder = str(Path(data).parent).encode()
        self.sample_rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, folder, 0)
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))

    def load_style(self, style: Style) -> None:
        """Load a style; a process never loads another one after it."""
        if self.style is None:
            voice, words_per_minute, pitch = self.style = style
            self._library.espeak_SetVoiceByName(voice.encode())
            self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
            self._library.espeak_SetParameter(_PITCH, pitch, 0)

    def speak(self, text: bytes, style: Style, *, is_paced: bool) -> None:
        """Speak a sentence; may be called only once.

        Args:
            text: The sentence, in UTF-8.
            style: The style.
            is_paced: See :func:`encode_sentence`.
        """
        self._is_paced = is_paced
        self.load_style(style)
        size = ctypes.c_size_t(len(text) + 1)
        self._library.espeak_Synth(text, size, 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        if self._unsent:
            self._send()

    def _receive(self, samples: int, num: int, _events: int) -> int:
        """Take samples from the library, as its callback; returns whether to stop."""
        if num > 0:
            self._unsent += ctypes.string_at(samples, num * _BYTES_PER_SAMPLE)
        if len(self._unsent) > self._size:
            self._send()
            self._size = min(self._size * 3 // 2, _CHUNK_BYTES)
            self._begin_s = self._begin_s or time.monotonic()
        if self._has_to_stop(self._rest_s(num)):
            self._unsent.clear()
            return _ABORT
        return _CONTINUE

    def _send(self) -> None:
        """Send the samples that are not sent yet."""
        # An error means that the parent has closed the connection, which stops the sentence.
        with contextlib.suppress(OSError):
            self._parent.send(CHUNK + self._unsent)
        self._unsent.clear()

    def _rest_s(self, num_samples: int) -> float:
        """Seconds to sleep after so many further samples; the first chunk is not delayed."""
        if not (self._is_paced and self._begin_s):
            return 0.0
        self._num_samples += num_samples
        return rest_s(self._num_samples / self.sample_rate_hz, time.monotonic() - self._begin_s)

    def _has_to_stop(self, wait_s: float) -> bool:
        """Whether the parent sends something, or closes the connection, within ``wait_s``."""
        readable, _, _ = select.select([self._parent.connection], [], [], wait_s)
        return bool(readable)


class SpeechServer:
    """Forks a process for each style and, from that, one for each sentence.

    Args:
        synthesiser: The library, without a style.
        parent: The process that sends sentences.
    """

    def __init__(self, synthesiser: Synthesiser, parent: Parent) -> None:
        self._synthesiser = synthesiser
        self._parent = parent
        self._pending = mmap.mmap(-1, _PENDING_BYTES)  # shared with all forks: the style to speak

    def serve(self) -> None:
        """Answer until the parent closes the connection."""
        while _status_of(self._serve_style) == _OTHER_STYLE:
            pass

    def _serve_style(self) -> int:
        """Answer sentences, beginning with the pending one, while they have the same style."""
        while True:
            status = _status_of(self._answer)
            if status in (_CLOSED, _OTHER_STYLE):
                return status
            if status == _SPOKEN:
                self._synthesiser.load_style(self._pending_style()[0])
            elif self._pending[0]:
                self._parent.send(FAILED)
            self._pending[0] = 0

    def _answer(self) -> int:
        """Wait for one sentence and speak it, unless it has another style than the one loaded."""
        while not self._pending[0]:
            if (head := self._parent.receive()) is None:
                return _CLOSED
            if head != STOP:
                self._pending[:_PENDING_BYTES] = head.ljust(_PENDING_BYTES, b"\0")
        style, is_paced = self._pending_style()
        if self._synthesiser.style not in (None, style):
            return _OTHER_STYLE
        if (text := self._parent.receive()) is None:
            return _CLOSED
        self._synthesiser.speak(text, style, is_paced=is_paced)
        self._parent.send(DONE)
        return _SPOKEN

    def _pending_style(self) -> tuple[Style, bool]:
        """The pending sentence's style, and whether its pace is limited."""
        *style, is_paced = json.loads(self._pending[:].rstrip(b"\0"))
        voice, words_per_minute, pitch = style
        return (voice, words_per_minute, pitch), is_paced


def _status_of(work: Callable[[], int]) -> int:
    """Run ``work`` in a fork; returns the exit status."""
    if child := fork_with_parent():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        status = work()
    finally:
        os._exit(status)


def main() -> None:
    """Load the library and speak the parent's sentences."""
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
