"""Plays audio, or writes it to a file where no program can play it."""

from __future__ import annotations

import contextlib
import itertools
import queue
import shutil
import subprocess
import threading
import wave
from pathlib import Path

RATE_HZ = 24_000

_PLAYERS = (
    f"aplay -q -t raw -f S16_LE -r {RATE_HZ} -c 1 -",
    f"paplay --raw --format=s16le --rate={RATE_HZ} --channels=1",
    f"pw-cat -p --raw --format=s16 --rate={RATE_HZ} --channels=1 -",
    f"ffplay -loglevel error -nodisp -autoexit -f s16le -ar {RATE_HZ} -ch_layout mono -i -",
)
"""Programs that play samples from standard input as they come."""
_FILE_PLAYER = "afplay"
"""A program that plays a complete file."""


class Player:
    """Plays one answer as it comes.

    Args:
        folder: Where a file is written if nothing can play.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._samples = bytearray()
        self._command = next((p.split() for p in _PLAYERS if shutil.which(p.split()[0])), None)
        self._pieces: queue.Queue[bytes | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def feed(self, samples: bytes) -> None:
        """Play more, after the audio so far."""
        if not samples:
            return
        self._samples += samples
        if self._command and self._thread is None:
            self._thread = threading.Thread(target=self._play, args=(self._command,), daemon=True)
            self._thread.start()
        self._pieces.put(samples)

    def finish(self) -> Path | None:
        """Wait until all is played; returns the file, if one was written instead."""
        if self._thread is not None:
            self._pieces.put(None)
            self._thread.join()
            return None
        if not self._samples:
            return None
        path = self._write()
        if shutil.which(_FILE_PLAYER):
            subprocess.run([_FILE_PLAYER, str(path)], check=False)
            path.unlink()
            return None
        return path

    def _play(self, command: list[str]) -> None:
        """Pass samples to the program; that it ends early is no error."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            while (samples := self._pieces.get()) is not None:
                process.stdin.write(samples)
                process.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()

    def _write(self) -> Path:
        paths = (self._folder / f"palaver-answer-{i}.wav" for i in itertools.count(1))
        path = next(path for path in paths if not path.exists())
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(bytes(self._samples))
        return path
