"""Plain curl: the bytes of the responses."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.answers import assembled, events_in
from tests.conformance.recording import COMPLETIONS_PATH, token_id
from tests.conformance.shown import AUDIOS, IMAGES, VIDEOS, Case
from tests.server import KEY, RunningServer, chat

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not on the PATH")


@dataclass(frozen=True)
class Reply:
    """The output of curl.

    Attributes:
        status: The status line.
        headers: Names in lower case, with their values.
        body: All after the empty line.
    """

    status: str
    headers: dict[str, str]
    body: str


def curl(
    server: RunningServer, *options: str, path: str = COMPLETIONS_PATH, key: str = KEY
) -> Reply:
    command = ["curl", "--silent", "--show-error", "--no-buffer", "--include", "--max-time", "60"]
    command += ["--header", f"Authorization: Bearer {key}", *options, f"{server.url}{path}"]
    printed = subprocess.run(command, capture_output=True, timeout=90, check=True).stdout.decode()
    head, _, body = printed.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Reply(status, {name.lower(): value for name, value in headers.items()}, body)


def post(server: RunningServer, **fields: Any) -> Reply:
    declared = ["--header", "Content-Type: application/json"]
    return curl(server, *declared, "--data", json.dumps(chat(**fields)))


@pytest.mark.spec("S01")
@pytest.mark.spec("S41")
def test_an_answer_is_one_json_object(server: RunningServer) -> None:
    reply = post(server, max_tokens=5)
    assert reply.status == "HTTP/1.1 200 OK"
    assert reply.headers["content-type"] == "application/json"
    assert int(reply.headers["content-length"]) == len(reply.body.encode())
    assert json.loads(reply.body)["object"] == "chat.completion"


@pytest.mark.spec("S16")
@pytest.mark.spec("S17")
@pytest.mark.spec("S42")
def test_a_stream_is_data_lines_with_empty_lines_between_and_done_at_the_end(
    server: RunningServer,
) -> None:
    reply = post(server, max_tokens=5, stream=True, stream_options={"include_usage": True})
    assert reply.status == "HTTP/1.1 200 OK"
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.headers["cache-control"] == "no-cache, no-transform"
    assert reply.headers["x-accel-buffering"] == "no"
    assert "content-length" not in reply.headers
    assert "\r" not in reply.body
    *lines, end = reply.body.split("\n")
    assert end == ""
    assert all(line == "" for line in lines[1::2])
    events = lines[::2]
    assert all(event.startswith("data: ") for event in events)
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert [chunk["usage"] is None for chunk in chunks] == [True] * (len(chunks) - 1) + [False]
    assert chunks[-1]["choices"] == []


@pytest.mark.spec("S16")
def test_a_stream_keeps_characters_whole_and_unescaped(server: RunningServer) -> None:
    reply = post(server, max_tokens=3, stream=True, logit_bias={str(token_id("你")): 100})
    assert reply.body.count('"content":"你"') == 3


@pytest.mark.spec("S53")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(IMAGES[0], id="image", marks=pytest.mark.spec("S08")),
        pytest.param(VIDEOS[0], id="video", marks=pytest.mark.spec("S09")),
        pytest.param(AUDIOS[0], id="audio", marks=pytest.mark.spec("S10")),
    ],
)
def test_media_are_answered_whole_and_streamed(
    server: RunningServer, tmp_path: Path, case: Case
) -> None:
    texts = []
    for stream in (False, True):
        body = tmp_path / "body.json"
        messages = case.messages(case.by_data)
        body.write_text(json.dumps(chat(messages=messages, stream=stream)), encoding="utf-8")
        declared = ["--header", "Content-Type: application/json"]
        reply = curl(server, *declared, "--data", f"@{body}")
        assert reply.status == "HTTP/1.1 200 OK"
        found = assembled(events_in(reply.body)) if stream else json.loads(reply.body)
        texts.append(found["choices"][0]["message"]["content"])
    assert texts == [case.answer] * 2


@pytest.mark.spec("S02")
def test_curl_s_own_content_type_is_415(server: RunningServer) -> None:
    reply = curl(server, "--data", json.dumps(chat()))
    assert reply.status == "HTTP/1.1 415 Unsupported Media Type"
    assert "application/x-www-form-urlencoded" in json.loads(reply.body)["message"]


@pytest.mark.spec("S02")
@pytest.mark.spec("S04")
def test_malformed_json_is_found_by_line_and_column(server: RunningServer) -> None:
    declared = ["--header", "Content-Type: application/json"]
    reply = curl(server, *declared, "--data-binary", '{\n  "model": palaver\n}')
    assert reply.status == "HTTP/1.1 400 Bad Request"
    assert reply.headers["content-type"] == "application/json"
    assert "line 2 column 12" in json.loads(reply.body)["message"]


@pytest.mark.spec("S03")
def test_a_wrong_key_is_401_with_www_authenticate(server: RunningServer) -> None:
    reply = curl(server, path="/v1/models", key="wrong")
    assert reply.status == "HTTP/1.1 401 Unauthorized"
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.spec("S40")
def test_ignored_fields_are_in_the_headers_of_a_stream(server: RunningServer) -> None:
    reply = post(server, max_tokens=1, stream=True, frobnicate=1)
    assert reply.headers["x-ignored-fields"] == "frobnicate"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/v1/models", marks=pytest.mark.spec("S46")),
        pytest.param("/health", marks=pytest.mark.spec("S52")),
        pytest.param("/ready", marks=pytest.mark.spec("S52")),
        pytest.param("/openapi.json", marks=pytest.mark.spec("S52")),
    ],
)
def test_other_paths_answer_with_json(server: RunningServer, path: str) -> None:
    reply = curl(server, path=path)
    assert reply.status == "HTTP/1.1 200 OK"
    assert reply.headers["content-type"] == "application/json"
    assert isinstance(json.loads(reply.body), dict)
