"""``palaver voices``: lists the voices for spoken answers."""

from __future__ import annotations

import asyncio

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from palaver.cli.options import fail, takes_settings
from palaver.errors import ModelFolderError, SettingError
from palaver.models.formats import open_files
from palaver.settings import Settings
from palaver.settings.table import ModelSettings, SpeechSettings
from palaver.speech.catalogue import INSTALL, Voices


@takes_settings(ModelSettings, SpeechSettings)
def voices(settings: Settings) -> None:
    """List the voices that ``palaver serve`` would have with the same options."""
    try:
        own = _own(settings)
        found = asyncio.run(_found(settings))
    except (ModelFolderError, SettingError) as error:
        raise fail(str(error)) from error
    if not own and not found:
        raise fail(f"there are no voices here; `{INSTALL}` installs the embedded ones")
    table = Table("voice", "kind", "default")
    for name, description in own:
        table.add_row(escape(name), escape(description), "")
    for name, description in found:
        table.add_row(escape(name), escape(description), "yes" if name == settings.voice else "")
    Console().print(table)


async def _found(settings: Settings) -> list[tuple[str, str]]:
    voices = Voices(settings.voice, settings.voices)
    try:
        await voices.start()
        return [(voice.name, voice.description) for voice in voices]
    finally:
        await voices.close()


def _own(settings: Settings) -> list[tuple[str, str]]:
    """The models' own voices, which are listed without loading the models."""
    return [
        (speaker, f"of {name} itself")
        for name, path in settings.models.items()
        for speaker in open_files(path).speakers
    ]
