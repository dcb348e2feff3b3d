"""Check that a tag may be released: version, changelog and tag say the same.

::

    python .ci/check_release.py v1.2.3
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def faults(tag: str, version: str, changelog: str) -> list[str]:
    """What keeps the tag from being released, a line for each."""
    found = []
    if tag != f"v{version}":
        found.append(f"the tag is {tag}, but the version is {version}")
    sections = re.findall(r"^## (\[.+)$", changelog, re.MULTILINE)
    released = [section for section in sections if section != "[Unreleased]"]
    if not released or not re.fullmatch(
        rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", released[0]
    ):
        found.append(f"the changelog's newest section is not [{version}] with its date")
    unreleased = changelog.partition("## [Unreleased]\n")[2].partition("\n## ")[0]
    if unreleased.strip():
        found.append("the changelog has entries under [Unreleased]")
    return found


def version_of(package: str) -> str:
    """The version that a package's source gives itself."""
    match = re.search(r'^__version__ = "(.+)"$', package, re.MULTILINE)
    return match[1] if match else ""


if __name__ == "__main__":
    source = (ROOT / "src" / "palaver" / "__init__.py").read_text(encoding="utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sys.exit("\n".join(faults(sys.argv[1], version_of(source), changes)) or None)
