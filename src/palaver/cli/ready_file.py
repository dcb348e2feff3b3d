"""The file with a server's URL, written once it is ready."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import palaver
from palaver.errors import SettingError


class ReadyFile:
    """A file that exists while a server is ready.

    A program that starts ``palaver serve --port 0 --ready-file FILE`` waits until the file is there
    and reads the URL from it. The file appears complete, never in part.

    Args:
        path: The file; ``None`` for none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._content = ""

    @contextlib.contextmanager
    def prepared(self) -> Iterator[None]:
        """A context in which the server may write the file; it does not exist before and after.

        Raises:
            SettingError: The file cannot be written, which is reported before models load.
        """
        if self._path is None:
            yield
            return
        try:
            self._path.unlink(missing_ok=True)
            with tempfile.TemporaryFile(dir=self._path.parent):
                pass
        except OSError as error:
            raise _unwritable(self._path, error) from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError, ValueError):
                # Otherwise another server has replaced it.
                if self._path.read_text(encoding="utf-8") == self._content:
                    self._path.unlink()

    def write(self, url: str, models: Sequence[str]) -> None:
        """Write that these models are ready at ``url``.

        Raises:
            SettingError: The file cannot be written.
        """
        if self._path is None:
            return
        self._content = _content(url, models)
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            temporary.write_text(self._content, encoding="utf-8")
            temporary.replace(self._path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _unwritable(self._path, error) from error


def _content(url: str, models: Sequence[str]) -> str:
    address = urlsplit(url)
    facts = {
        "url": url,
        "host": address.hostname,
        "port": address.port,
        "pid": os.getpid(),
        "models": models,
        "version": palaver.__version__,
    }
    return json.dumps(facts) + "\n"


def _unwritable(path: Path, error: OSError) -> SettingError:
    return SettingError(f"ready_file: {path}: cannot be written: {error.strerror or error}")
