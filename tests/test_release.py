"""Checks before a release and before a commit."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import palaver

ROOT = Path(__file__).parents[1]
CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-01-02

- Something.

## [1.1.0] - 2025-01-02
"""


def script(name: str) -> ModuleType:
    """A program of ``.ci`` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_tag_is_released_if_version_and_newest_section_agree() -> None:
    assert script("check_release").faults("v1.2.0", "1.2.0", CHANGELOG) == []


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "fault"),
    [
        ("v1.2.1", "1.2.0", CHANGELOG, "the tag is v1.2.1"),
        ("v1.1.0", "1.1.0", CHANGELOG, "newest section is not [1.1.0]"),
        ("v1.2.0", "1.2.0", CHANGELOG.replace(" - 2026-01-02", ""), "with its date"),
        ("v1.2.0", "1.2.0", CHANGELOG.replace("d]\n", "d]\n\n- New.\n"), "under [Unreleased]"),
    ],
    ids=["tag", "older section", "no date", "unreleased entries"],
)
def test_a_tag_is_not_released_if(tag: str, version: str, changelog: str, fault: str) -> None:
    assert fault in "".join(script("check_release").faults(tag, version, changelog))


def test_the_release_check_reads_this_package_s_version() -> None:
    source = (ROOT / "src" / "palaver" / "__init__.py").read_text(encoding="utf-8")
    assert script("check_release").version_of(source) == palaver.__version__


def test_long_commit_subjects_are_refused() -> None:
    faults = script("check_commits").faults
    assert faults(["Add a thing", "x" * 72]) == []
    assert len(faults(["x" * 73, "Add a thing."])) == 2


def test_every_make_target_has_its_line_in_the_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)).split())
    assert phony == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=str)
def test_hosted_ci_runs_only_targets_that_make_has(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    commands = re.findall(r"- run: make (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    words = {word for command in commands for word in command.split() if "=" not in word}
    assert words
    assert {word for word in words if re.fullmatch(r"[a-z-]+", word)} <= targets
