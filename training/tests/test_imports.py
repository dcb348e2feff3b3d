"""Training uses only what is public of palaver."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1]
PUBLIC = ("palaver.testing",)


def imported(source: str) -> Iterator[str]:
    """The full names of all modules that a program imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def internals(source: str) -> list[str]:
    """The modules of palaver that a program imports although they are not public."""
    modules = [name for name in imported(source) if name.partition(".")[0] == "palaver"]
    return [name for name in modules if not f"{name}.".startswith(tuple(f"{p}." for p in PUBLIC))]


@pytest.mark.parametrize(
    "path", [*SOURCES.rglob("*.py")], ids=lambda path: path.relative_to(SOURCES).as_posix()
)
def test_training_imports_only_what_is_public_of_palaver(path: Path) -> None:
    assert not internals(path.read_text(encoding="utf-8"))


def test_an_import_of_palaver_internals_is_detected() -> None:
    assert internals("from palaver.engine import engine") == ["palaver.engine"]
    assert internals("def late():\n    import palaver.chat") == ["palaver.chat"]
    assert not internals("from palaver.testing.scripted import Script\nimport palaver_training")
