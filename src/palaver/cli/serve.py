"""``palaver serve``: run the server."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

from palaver.accounts.keys import KeyStore
from palaver.cli.banner import Banner
from palaver.cli.options import fail, takes_settings
from palaver.cli.ready_file import ReadyFile
from palaver.errors import PalaverError
from palaver.host import tuning
from palaver.server import Server
from palaver.settings import Settings
from palaver.telemetry import configure_logging

_FIRST_KEY_NAME = "first"


@takes_settings()
def serve(settings: Settings) -> None:
    """Serve the built-in model, and others, over HTTP."""
    configure_logging(settings.log_level)
    banner = Banner()
    ready_file = ReadyFile(settings.ready_file)

    def model_names() -> list[str]:
        return [model.name for model in server.parts.models]

    def on_ready() -> None:
        tuning.freeze_start_up()
        secret = None if settings.api_key else _first_key(server.parts.keys)
        _show_ready(banner, settings, server.url, secret)
        ready_file.write(server.url, model_names())

    try:
        server = Server(settings, on_model=banner.show_model, on_ready=on_ready)
        banner.show_start(model_names())
        if settings.tune_process:
            tuning.tune_server_process()
        with _sigterm_as_ctrl_c(), ready_file.prepared():
            server.run()
    except PalaverError as error:
        raise fail(str(error)) from error
    banner.show_end()


@contextlib.contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """A context in which SIGTERM raises ``KeyboardInterrupt``, as SIGINT does.

    After its shutdown, uvicorn raises the signal that caused it once more. By default SIGTERM would
    then end the process at once, with the ready file still there.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _first_key(keys: KeyStore) -> str | None:
    """The secret of a new key, ``None`` if one was made at an earlier start."""
    return None if keys.num_stored else keys.create(_FIRST_KEY_NAME)


def _show_ready(banner: Banner, settings: Settings, url: str, secret: str | None) -> None:
    if settings.api_key:
        banner.show_ready(url, "$PALAVER_API_KEY")
    elif secret:
        banner.show_new_key(secret)
        banner.show_ready(url, secret)
    else:
        banner.show_old_keys()
        banner.show_ready(url, "YOUR-KEY")
