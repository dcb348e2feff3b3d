"""The messages of ``palaver serve`` while the server starts."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console

from palaver.models.catalogue import BUILT_IN_NAME
from palaver.models.model import Model


class Banner:
    """Prints the start of a server, step by step."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._begun = time.perf_counter()

    def show_start(self, names: Iterable[str]) -> None:
        """Print which models are being loaded."""
        self._console.print(f"palaver is loading {', '.join(names)} …")

    def show_model(self, model: Model) -> None:
        """Print that ``model`` is ready."""
        capacity = model.backend.capacity
        load_s = capacity.load_s if capacity else 0.0
        self._console.print(
            f"  [green]ready[/green] {model.name}: {model.card.description}, "
            f"window {model.card.window_tokens} tokens, loaded in {load_s:.1f} s",
            soft_wrap=True,
        )

    def show_new_key(self, secret: str) -> None:
        """Print a new API key."""
        self._console.print(
            f"\nYour API key, shown only once: [bold]{secret}[/bold]", soft_wrap=True
        )

    def show_old_keys(self) -> None:
        """Print that keys were made at an earlier start."""
        self._console.print(
            "\nKeys were made earlier and only their hashes are kept. If yours is lost, set "
            "PALAVER_API_KEY to one of your choice and start again."
        )

    def show_ready(self, url: str, key: str) -> None:
        """Print a request to the server at ``url``; ``key`` is the key or a placeholder for it."""
        elapsed_s = time.perf_counter() - self._begun
        command = (
            f"curl {url}/v1/chat/completions \\\n"
            f'  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\\n'
            f'  -d \'{{"model": "{BUILT_IN_NAME}", "stream": true, '
            f'"messages": [{{"role": "user", "content": "Hello! Who are you?"}}]}}\''
        )
        self._console.print(f"\nServing on [bold]{url}[/bold] after {elapsed_s:.1f} s. Try:\n")
        self._console.print(command, markup=False, soft_wrap=True)
        self._console.print("\nCtrl-C ends it.")

    def show_end(self) -> None:
        """Print that the server has ended as requested."""
        self._console.print("palaver has ended.")
