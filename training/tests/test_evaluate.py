"""The examination of a model through a server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from palaver_training.evaluate import Result, examine_all, options_of, results_of, write_card
from palaver_training.exam import EXAMS
from palaver_training.server import Server, started

SKILLS = ["arithmetic", "tools", "picture colour"]


def test_a_model_is_examined_by_what_a_server_answers(examined_server: Server) -> None:
    exams = [EXAMS[name] for name in SKILLS]
    results = asyncio.run(examine_all(examined_server, exams, 8, 0))
    assert [result.exam.name for result in results] == SKILLS
    for result in results:
        assert result.num_asked == 8
        assert result.num_right + len(result.mistakes) == 8
        assert result.num_right >= 4, "the built-in model has learned each of them"


def test_a_server_that_runs_already_is_asked(examined_server: Server) -> None:
    access = ["--url", examined_server.url, "--key", examined_server.key]
    options = options_of([*access, "--num", "2", "--skill", "arithmetic"])
    assert [result.num_asked for result in results_of(options)] == [2]


def test_a_refusal_of_the_server_is_reported(examined_server: Server) -> None:
    access = ["--url", examined_server.url, "--key", "wrong"]
    with pytest.raises(RuntimeError, match="401"):
        results_of(options_of([*access, "--num", "1", "--skill", "arithmetic"]))


def test_a_folder_without_a_model_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="does not start"), started(tmp_path / "none"):
        pass


def test_figures_are_written_between_the_marks_of_the_card(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    card.write_text("above\n<!-- skills: begin -->\nold\n<!-- skills: end -->\nbelow\n")
    write_card([Result(EXAMS["arithmetic"], num_right=3, num_asked=4)], card)
    text = card.read_text()
    assert text.startswith("above\n<!-- skills: begin -->\n")
    assert text.endswith("\n<!-- skills: end -->\nbelow\n")
    assert "| arithmetic | 75.0% |" in text
    assert "old" not in text
