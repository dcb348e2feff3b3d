"""``palaver models``: lists the models."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from palaver.cli.options import takes_settings
from palaver.errors import ModelFolderError
from palaver.models.catalogue import BUILT_IN_FOLDER, BUILT_IN_NAME
from palaver.models.formats import open_files
from palaver.settings import Settings
from palaver.settings.table import ModelSettings

_MIB = 2**20


@takes_settings(ModelSettings)
def models(settings: Settings) -> None:
    """List the models that ``palaver serve`` would serve with the same options."""
    table = Table("model", "kind", "window", "size", "folder")
    for name, path in ({BUILT_IN_NAME: BUILT_IN_FOLDER} | settings.models).items():
        folder_text = escape(str(path))
        try:
            folder = open_files(path)
        except ModelFolderError as error:
            table.add_row(
                escape(name),
                f"[red]cannot be served[/red]: {escape(str(error))}",
                "",
                "",
                folder_text,
            )
            continue
        size_mib = sum(file.stat().st_size for file in path.iterdir() if file.is_file()) / _MIB
        table.add_row(
            escape(name),
            escape(folder.description),
            f"{folder.window_tokens}",
            f"{size_mib:.1f} MiB",
            folder_text,
        )
    Console().print(table)
