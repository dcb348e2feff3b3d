"""The commands: ``palaver serve``, ``chat``, ``models``, ``voices``, ``doctor``, ``bench``."""

from __future__ import annotations

import typer

from palaver.cli.bench import bench
from palaver.cli.chat import chat
from palaver.cli.doctor import doctor
from palaver.cli.models import models
from palaver.cli.serve import serve
from palaver.cli.voices import voices

app = typer.Typer(
    name="palaver",
    help="Chat completions, answered from your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve, chat, models, voices, doctor, bench):
    app.command()(command)


def main() -> None:
    """The entry point of the ``palaver`` command."""
    app()
