"""The settings as Markdown; ``python -m palaver.settings.docs`` prints it."""

from __future__ import annotations

import sys

from palaver.settings.setting import Group, Setting
from palaver.settings.table import GROUPS, TABLE


def settings_table() -> str:
    """The settings as in ``docs/reference/settings.md``: a heading and a table for each group."""
    return "\n\n".join(_section(group) for group in GROUPS)


def _section(group: type[Group]) -> str:
    lines = [
        f"## {group.title}",
        "",
        group.__doc__ or "",
        "",
        "| setting | option | environment variable | default | |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(TABLE[name]) for name in group.model_fields)])


def _row(setting: Setting) -> str:
    form = f"{setting.option} {setting.metavar}".strip().replace("|", "\\|")
    default = setting.default
    if setting.is_default_literal:
        default = f"`{default}` {setting.unit}".strip()
    cells = (f"`{setting.name}`", f"`{form}`", f"`{setting.variable}`", default)
    return f"| {' | '.join(cells)} | {setting.description} |"


if __name__ == "__main__":
    sys.stdout.write(settings_table() + "\n")
