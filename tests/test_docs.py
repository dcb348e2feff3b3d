"""The documentation agrees with the code."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import palaver
from palaver import errors
from palaver.api.wire.request import ChatCompletionRequest
from palaver.cli import app
from palaver.settings import load_settings
from palaver.settings.docs import settings_table
from palaver.telemetry import Metrics

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "palaver"
DOCS = ROOT / "docs"
DOCUMENTS = [*ROOT.glob("*.md"), *sorted(DOCS.rglob("*.md"))]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.md"))
MODEL_CARD = SOURCES / "models" / "tiny" / "README.md"
WRAPPED = [*DOCUMENTS, *RESULTS, MODEL_CARD]
MAX_LINE = 100
OLD_WORDS = r"\b(?:nobody|somebody|whoever|senses|pictures?|forced tokens|read back)\b"


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_setting_is_documented_as_it_is() -> None:
    assert settings_table() in text_of("docs/reference/settings.md")


def test_every_module_has_its_line_in_the_architecture() -> None:
    lines = text_of("docs/architecture.md")
    documented = set(re.findall(r"`([\w/*]+)`", lines))
    for path in SOURCES.rglob("*.py"):
        module = path.relative_to(SOURCES).with_suffix("").as_posix()
        if path.name in ("__init__.py", "__main__.py"):
            continue
        package = f"{module.rpartition('/')[0]}/*"
        assert module in documented or package in documented, f"{module} is not in the document"


def test_every_module_of_the_architecture_exists() -> None:
    lists = text_of("docs/architecture.md").partition("## The modules")[2]
    for module in re.findall(r"`(\w+(?:/[\w*]+)+)`", lists):
        path = SOURCES / module.removesuffix("/*")
        assert path.is_dir() or path.with_suffix(".py").exists(), f"there is no {module}"


def test_the_layers_of_the_architecture_are_those_that_are_checked() -> None:
    section = text_of("docs/architecture.md").partition("## Which part may import which")[2]
    diagram = re.search(r"```\n(.*?)```", section, re.DOTALL)
    assert diagram
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    assert diagram[1].splitlines() == layers


def test_every_part_but_the_runtime_is_forbidden_to_import_openvino() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [forbidden] = [c for c in contracts if c.get("forbidden_modules") == ["openvino"]]
    paths = [*SOURCES.glob("*.py"), *(path.parent for path in SOURCES.glob("*/__init__.py"))]
    parts = {path.stem for path in paths} - {"__init__", "__main__", "runtime"}
    assert set(forbidden["source_modules"]) == {f"palaver.{part}" for part in parts}


def test_every_reason_is_in_the_table_of_errors() -> None:
    table = text_of("docs/reference/api.md")
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.RequestError) and kind is not errors.RequestError:
            assert f"| {kind.status} |" in table
            assert f"`{kind.reason}`" in table


def test_every_request_field_is_in_the_api_document() -> None:
    document = text_of("docs/reference/api.md")
    for name in ChatCompletionRequest.model_fields:
        assert f"| `{name}` |" in document, f"{name} is not documented"


@pytest.mark.parametrize("command", ["serve", "chat", "models", "voices", "doctor", "bench"])
def test_every_command_has_help_and_is_in_the_readme(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"palaver {command}" in text_of("README.md")


def test_every_option_of_the_load_generator_is_documented() -> None:
    command = get_command(app).commands["bench"]  # type: ignore[attr-defined]  # a group has them
    page = text_of("docs/how-to/measure.md")
    for option in (option for parameter in command.params for option in parameter.opts):
        assert re.search(rf"^\| `{option}[`/]", page, re.MULTILINE), f"{option} is not documented"


def test_links_in_the_documents_lead_to_files_and_headings() -> None:
    for path in DOCUMENTS:
        for link in re.findall(r"\]\((?!http)([^)]+)\)", path.read_text(encoding="utf-8")):
            target, _, anchor = link.partition("#")
            page = path.parent / target if target else path
            assert page.exists(), f"{path.name} links to {target}"
            if anchor:
                assert anchor in anchors(page), f"{path.name} links to {link}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index() -> None:
    linked = re.findall(r"\]\(([^)#]+\.md)", text_of("docs/README.md"))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in DOCS.rglob("*.md")}
    assert pages - {"README.md"} <= set(linked)


def test_every_example_is_in_the_index() -> None:
    index = text_of("docs/README.md")
    for path in (ROOT / "examples").iterdir():
        assert path.is_dir() or f"(../examples/{path.name})" in index, f"{path.name} is not listed"


def test_the_file_of_settings_in_the_page_on_deployment_is_read(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", text_of("docs/how-to/deploy.md"), re.DOTALL)
    assert found
    file = tmp_path / "palaver.toml"
    file.write_text(found[1], encoding="utf-8")
    assert load_settings({}, {}, file).models


@pytest.mark.parametrize("path", WRAPPED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_is_wrapped(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    long = [
        line
        for line in text.splitlines()
        if len(line) > MAX_LINE and not line.startswith(("|", "#")) and " " in line.strip()
    ]
    assert not long


def glossary() -> list[tuple[str, str]]:
    """The terms of the glossary, each with what the column of code names says."""
    table = text_of("docs/glossary.md").partition("|---|---|---|\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    return [(term, code) for term, _, code in rows]


def test_the_glossary_is_sorted_and_has_no_term_twice() -> None:
    terms = [term.lower() for term, _ in glossary()]
    assert len(terms) > 50
    assert terms == sorted(set(terms))


def test_every_name_that_the_glossary_gives_is_in_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))
    words = set(re.findall(r"\w+", code))
    for term, name in glossary():
        assert not name or name.strip("`") in words, f"{term}: {name} is not in the code"


def test_documents_use_the_words_of_the_glossary() -> None:
    names_both = {ROOT / "CHANGELOG.md", DOCS / "glossary.md"}
    has_the_words_of_the_specification = {DOCS / "reference" / "conformance.md"}
    has_the_names_of_skills = {MODEL_CARD}
    excepted = names_both | has_the_words_of_the_specification | has_the_names_of_skills
    for path in {*WRAPPED} - excepted:
        found = re.findall(OLD_WORDS, path.read_text(encoding="utf-8"), re.IGNORECASE)
        assert not found, path.name


def test_decisions_have_dates_and_are_newest_first_in_their_group() -> None:
    for group in text_of("docs/decisions.md").split("\n## ")[1:]:
        headings = re.findall(r"^### (.+)$", group, re.MULTILINE)
        dates = [re.fullmatch(r"(\d{4}-\d\d-\d\d): .+", heading) for heading in headings]
        assert headings and all(dates), f"no date: {headings}"
        days = [date[1] for date in dates if date]
        assert days == sorted(days, reverse=True)


def test_the_changelog_has_a_section_for_this_version() -> None:
    section = rf"^## \[{re.escape(palaver.__version__)}\] - \d{{4}}-\d\d-\d\d$"
    assert re.search(section, text_of("CHANGELOG.md"), re.MULTILINE)


def test_every_metric_is_documented() -> None:
    named = set(re.findall(r"^# TYPE (\S+) ", Metrics().text().decode(), re.MULTILINE))
    documented = set(re.findall(r"^\| `(\S+)`", text_of("docs/reference/metrics.md"), re.MULTILINE))
    assert documented == {name for name in named if not name.endswith("_created")}
