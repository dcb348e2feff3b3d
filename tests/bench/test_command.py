from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner, Result

from palaver.cli.bench import bench
from tests.bench.events import answer
from tests.bench.peer import Peer, Reply, running

UNARY = json.dumps(
    {
        "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }
).encode()


def reply(body: dict[str, Any]) -> Reply:
    if body["stream"]:
        return 200, "text/event-stream", answer(body["max_tokens"])
    return 200, "application/json", [UNARY]


def refuse(_: dict[str, Any]) -> Reply:
    return 503, "application/json", [b'{"message": "come back later"}']


def command(url: str, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(bench)
    base = ["--url", url, "--model", "some/model", "--output-tokens", "3"]
    return CliRunner(env={"COLUMNS": "160", "PALAVER_API_KEY": None}).invoke(
        app, [*base, *arguments]
    )


def rows(output: str) -> list[list[str]]:
    lines = (line.strip() for line in output.splitlines())
    return [re.split(r"\s{2,}", line) for line in lines if re.match(r"\d+\s{2}", line)]


def test_levels_are_measured_one_after_another_and_shown_in_every_form(tmp_path: Path) -> None:
    json_file, image_file = tmp_path / "runs.jsonl", tmp_path / "run.png"
    with running(reply, pause_s=0.002) as peer:
        options = ["--concurrency", "1,4", "--num-requests", "12", "--warmup", "2"]
        outputs = ["--json", str(json_file), "--image", str(image_file)]
        result = command(peer.url, *options, *outputs, "--key", "sk-secret")
    assert result.exit_code == 0, result.output
    assert len(peer.bodies) == 2 * (12 + 2)
    assert peer.max_in_flight == 4
    assert peer.num_connections == 1 + 4  # they are kept and used again
    assert [row[:3] for row in rows(result.output)] == [["1", "12", "0"], ["4", "12", "0"]]
    records = [json.loads(line) for line in json_file.read_text().splitlines()]
    assert [record["load"]["concurrency"] for record in records] == [1, 4]
    for record in records:
        assert record["summary"]["num_succeeded"] == 12
        assert record["summary"]["prompt_tokens"] == 12 * 7
        assert record["summary"]["output_tokens"] == 12 * 3
        assert record["summary"]["inter_token_s"]["p50"] >= 0
    assert "authorization: bearer sk-secret" in peer.heads[0]
    assert "sk-secret" not in json_file.read_text() + result.output
    with Image.open(image_file) as image:
        assert image.format == "PNG"


def test_results_are_added_to_those_of_earlier_runs(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    with running(reply) as peer:
        for seed in ("1", "2"):
            command(peer.url, "--num-requests", "1", "--seed", seed, "--json", str(file))
    seeds = [json.loads(line)["workload"]["seed"] for line in file.read_text().splitlines()]
    assert seeds == [1, 2]


def test_without_stream_there_are_totals_only() -> None:
    with running(reply) as peer:
        result = command(peer.url, "--no-stream", "--num-requests", "3")
    assert result.exit_code == 0, result.output
    assert not any(body["stream"] for body in peer.bodies)
    (row,) = rows(result.output)
    assert row[6:8] == ["-", "-"]
    assert row[8] != "-"


def test_all_prompts_of_a_run_differ_so_that_no_level_warms_the_next_ones_cache() -> None:
    with running(reply) as peer:
        command(peer.url, "--concurrency", "1,2,3", "--num-requests", "5")
    prompts = [body["messages"][0]["content"] for body in peer.bodies]
    assert len(set(prompts)) == len(prompts) == 3 * (5 + 1)


def test_some_failures_are_shown_but_do_not_fail_the_run() -> None:
    num_asked = 0

    def sometimes(body: dict[str, Any]) -> Reply:
        nonlocal num_asked
        num_asked += 1
        return refuse(body) if num_asked % 3 == 0 else reply(body)

    with running(sometimes) as peer:
        result = command(peer.url, "--num-requests", "6", "--warmup", "0")
    assert result.exit_code == 0, result.output
    assert [row[:3] for row in rows(result.output)] == [["1", "4", "2"]]
    assert 'at 1: 2 of 6 requests failed: HTTP 503 ({"message": "come back later"})' in (
        result.output
    )


def test_run_of_which_every_request_failed_exits_with_1_and_still_has_its_record(
    tmp_path: Path,
) -> None:
    json_file, image_file = tmp_path / "runs.jsonl", tmp_path / "run.png"
    with running(refuse) as peer:
        outputs = ["--json", str(json_file), "--image", str(image_file)]
        result = command(peer.url, "--num-requests", "4", *outputs)
    assert result.exit_code == 1
    assert "every request failed" in result.output
    assert json.loads(json_file.read_text())["summary"]["failures"] == {"HTTP 503": 4}
    assert image_file.stat().st_size > 0


def test_server_that_is_gone_is_counted_as_failures_to_connect() -> None:
    with running(reply) as peer:
        pass
    result = command(peer.url, "--num-requests", "2")
    assert result.exit_code == 1
    assert "2 of 2 requests failed: connect" in result.output


def test_requests_are_spread_over_a_duration() -> None:
    with running(reply, pause_s=0.01) as peer:
        result = command(peer.url, "--duration", "0.1", "--concurrency", "2")
    assert result.exit_code == 0, result.output
    (row,) = rows(result.output)
    assert int(row[1]) == len(peer.bodies) - 1 >= 2


def test_poisson_arrivals_are_all_answered() -> None:
    with running(reply) as peer:
        options = ["--arrival-rate", "500", "--concurrency", "8", "--num-requests", "20"]
        result = command(peer.url, *options)
    assert [row[:3] for row in rows(result.output)] == [["8", "20", "0"]]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--concurrency", "0"], "--concurrency"),
        (["--concurrency", "1,x"], "--concurrency"),
        (["--concurrency", "2,2"], "--concurrency"),
        (["--prompt-tokens", "9-8"], "9-8"),
        (["--num-requests", "1", "--duration", "1"], "cannot be combined"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_asked(
    arguments: list[str], complaint: str
) -> None:
    with running(reply) as peer:
        result = command(peer.url, *arguments)
    assert result.exit_code == 1
    assert complaint in result.output
    assert peer.bodies == []


def peer_bodies(*arguments: str) -> list[dict[str, Any]]:
    peer: Peer
    with running(reply) as peer:
        command(peer.url, "--num-requests", "1", *arguments)
    return peer.bodies


def test_options_reach_the_request() -> None:
    options = ["--temperature", "0.5", "--ignore-eos", "--forbid-token", "2"]
    *_, body = peer_bodies(*options, "--forbid-token", "9")
    assert body["temperature"] == 0.5
    assert body["ignore_eos"] is True
    assert body["logit_bias"] == {"2": -100, "9": -100}
    assert body["max_tokens"] == 3
