"""``palaver serve``: run the server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from palaver.cli.options import ConfigOption, ModelOption, fail, settings_from
from palaver.config import Settings
from palaver.errors import PalaverError
from palaver.host import tuning
from palaver.models.served import BUILT_IN_NAME, ServedModel
from palaver.server import Server
from palaver.telemetry import configure_logging

_FIRST_KEY_NAME = "first"


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks one.")] = None,
    model: ModelOption = None,
    strict: Annotated[
        bool | None, typer.Option("--strict", help="Refuse unknown request fields.")
    ] = None,
    cache_gib: Annotated[float | None, typer.Option(help="Memory of each model's cache.")] = None,
    num_threads: Annotated[int | None, typer.Option(help="Threads of a step.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the server's database.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    config: ConfigOption = None,
) -> None:
    """Serve the built-in model, and others, over HTTP."""
    settings = settings_from(
        config,
        model,
        host=host,
        port=port,
        strict=strict,
        cache_gib=cache_gib,
        num_threads=num_threads,
        data_dir=data_dir,
        log_level=log_level,
    )
    configure_logging(settings.log_level)
    if settings.tune_process:
        tuning.tune_server_process()
    banner = _Banner(settings)

    def on_ready() -> None:
        tuning.freeze_start_up()
        banner.show(server)

    try:
        server = Server(settings, on_model=banner.show_model, on_ready=on_ready)
        banner.show_start(server)
        server.run()
    except PalaverError as error:
        raise fail(str(error)) from error
    banner.show_end()


class _Banner:
    """What the command prints while the server comes up."""

    def __init__(self, settings: Settings) -> None:
        self._console = Console(highlight=False)
        self._settings = settings
        self._begun = time.perf_counter()

    def show_start(self, server: Server) -> None:
        names = ", ".join(model.name for model in server.registry)
        self._console.print(f"palaver is loading {names} …")

    def show_model(self, model: ServedModel) -> None:
        load_s = model.engine.ready.load_s if model.engine.ready else 0.0
        self._console.print(
            f"  [green]ready[/green] {model.name}: {model.folder.description}, "
            f"window {model.window_tokens} tokens, loaded in {load_s:.1f} s",
            soft_wrap=True,
        )

    def show(self, server: Server) -> None:
        elapsed_s = time.perf_counter() - self._begun
        secret = self._secret(server)
        command = (
            f"curl {server.url}/v1/chat/completions \\\n"
            f'  -H "Authorization: Bearer {secret}" -H "Content-Type: application/json" \\\n'
            f'  -d \'{{"model": "{BUILT_IN_NAME}", "stream": true, '
            f'"messages": [{{"role": "user", "content": "Hello! Who are you?"}}]}}\''
        )
        self._console.print(
            f"\nServing on [bold]{server.url}[/bold] after {elapsed_s:.1f} s. Try:\n"
        )
        self._console.print(command, markup=False, soft_wrap=True)
        self._console.print("\nCtrl-C ends it.")

    def show_end(self) -> None:
        self._console.print("palaver has ended.")

    def _secret(self, server: Server) -> str:
        if self._settings.api_key:
            return "$PALAVER_API_KEY"
        if server.keys.num_stored:
            self._console.print(
                "\nKeys were made earlier and only their hashes are kept. If yours is lost, set "
                "PALAVER_API_KEY to one of your choice and start again."
            )
            return "YOUR-KEY"
        secret = server.keys.create(_FIRST_KEY_NAME)
        self._console.print(
            f"\nYour API key, shown this once: [bold]{secret}[/bold]", soft_wrap=True
        )
        return secret
