"""The reference page of JSON Schema lists the tested keywords."""

from __future__ import annotations

import json
from pathlib import Path

from palaver.chat.schema.keywords import ANNOTATIONS, HARMLESS, UNENFORCEABLE
from tests.chat.schema.keywords import ENFORCED, FORMATS

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "json-schema.md"


def enforced_table() -> str:
    rows = ["| keyword | limits | for example |", "|---|---|---|"]
    for name, keyword in ENFORCED.items():
        example = f"`{json.dumps(keyword.cases[0].schema)}`" if keyword.cases else ""
        rows.append(f"| `{name}` | {keyword.limits} | {example} |".replace("|  |", "| |"))
    return "\n".join(rows)


def refused_table() -> str:
    rows = ["| keyword | instead |", "|---|---|"]
    for name, instead in sorted(UNENFORCEABLE.items()):
        value = json.dumps(HARMLESS[name]) if name in HARMLESS else ""
        except_for = f" (unless `{value}`)" if value else ""
        rows.append(f"| `{name}`{except_for} | {instead} |".replace("|  |", "| |"))
    return "\n".join(rows)


def test_the_page_lists_what_is_enforced_and_what_is_refused() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for table in (enforced_table(), refused_table()):
        assert table in text, f"{PAGE.name} lacks:\n{table}"
    unwrapped = " ".join(text.split())
    for names in (FORMATS, sorted(ANNOTATIONS)):
        listed = ", ".join(f"`{name}`" for name in names)
        assert listed in unwrapped, f"{PAGE.name} lacks:\n{listed}"
