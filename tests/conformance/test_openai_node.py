"""OpenAI's client for JavaScript, in a Node process of its own."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.shown import AUDIOS, IMAGES, VIDEOS, Case
from tests.server import KEY, MODEL, RunningServer
from tests.speech.listening import listen

SOURCES = Path(__file__).parent / "node"
SHOWN = (IMAGES[0], VIDEOS[0], AUDIOS[0])
INSTALLED = Path(sys.prefix) / "node"

pytestmark = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="node and npm are not on the PATH"
)


@pytest.fixture(scope="module")
def results(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The results of each scenario."""
    install()
    shown = tmp_path_factory.mktemp("shown") / "conversations.json"
    conversations = {case.name: case.messages(case.by_data) for case in SHOWN}
    shown.write_text(json.dumps(conversations), encoding="utf-8")
    environment = os.environ | {"BASE_URL": server.url, "PALAVER_API_KEY": KEY, "MODEL": MODEL}
    environment |= {"SHOWN": str(shown)}
    ended = run("node", "scenarios.mjs", environment=environment)
    return json.loads(ended.stdout)


def install() -> None:
    """Install the client, unless it is installed already."""
    INSTALLED.mkdir(exist_ok=True)
    shutil.copy(SOURCES / "scenarios.mjs", INSTALLED)
    wanted = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))["dependencies"]
    found = INSTALLED / "node_modules" / "openai" / "package.json"
    if found.exists():
        version = json.loads(found.read_text(encoding="utf-8"))["version"]
        if version == wanted["openai"]:
            return
    shutil.copy(SOURCES / "package.json", INSTALLED)
    run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(INSTALLED))


def run(*command: str, environment: dict[str, str] | None = None) -> Any:
    ended = subprocess.run(
        command,
        cwd=INSTALLED,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended


@pytest.mark.spec("S41")
@pytest.mark.spec("S42")
@pytest.mark.spec("S44")
def test_an_answer_has_its_fields(results: Any) -> None:
    answer = results["unary"]
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"]
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.spec("S16")
@pytest.mark.spec("S17")
@pytest.mark.spec("S45")
def test_chunks_add_up_to_the_unary_answer(results: Any) -> None:
    *chunks, last = results["streamed"]
    parts = [chunk["choices"][0] for chunk in chunks]
    choice = results["unary"]["choices"][0]
    assert (
        "".join(part["delta"].get("content", "") for part in parts)
        == (choice["message"]["content"])
    )
    assert parts[-1]["finish_reason"] == choice["finish_reason"]
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == results["unary"]["usage"]["total_tokens"]


@pytest.mark.spec("S16")
@pytest.mark.spec("S29")
@pytest.mark.spec("S30")
def test_the_streaming_helper_puts_the_answer_together(results: Any) -> None:
    (choice,) = results["helper"]["answer"]["choices"]
    text = results["unary"]["choices"][0]["message"]["content"]
    assert results["helper"]["text"] == choice["message"]["content"] == text
    entries = choice["logprobs"]["content"]
    assert (
        bytes(byte for entry in entries for byte in entry["bytes"]).decode(errors="replace") == text
    )
    assert all(len(entry["top_logprobs"]) == 2 for entry in entries)


@pytest.mark.spec("S18")
@pytest.mark.spec("S23")
def test_every_choice_ends_with_a_stop_string(results: Any) -> None:
    choices = results["choices"]["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert {choice["finish_reason"] for choice in choices} == {"stop"}
    assert all(choice["message"]["content"][-1] in "eaio" for choice in choices)


@pytest.mark.spec("S37")
@pytest.mark.spec("S38")
def test_separate_thinking_is_its_own_field(results: Any) -> None:
    assert results["thinking"]["choices"][0]["message"]["reasoning_content"]


@pytest.mark.spec("S11")
@pytest.mark.spec("S45")
def test_audio_comes_unary_and_streamed(results: Any) -> None:
    spoken = results["spoken"]
    message = spoken["unary"]["choices"][0]["message"]
    parts = [chunk["choices"][0]["delta"] for chunk in spoken["chunks"]]
    deltas = [part["audio"] for part in parts if "audio" in part]
    data = b"".join(base64.b64decode(delta.get("data", "")) for delta in deltas)
    assert data == base64.b64decode(message["audio"]["data"])
    transcript = "".join(delta.get("transcript", "") for delta in deltas)
    assert transcript == message["audio"]["transcript"] == message["content"]
    clip = listen(data, "pcm16")
    assert clip.length_s > 1
    assert clip.num_clipped == 0
    assert spoken["next"]["choices"][0]["message"]["content"]
    assert results["wrongVoice"]["param"] == "audio.voice"


@pytest.mark.spec("S31")
@pytest.mark.spec("S45")
def test_tools_are_called_whole_and_streamed(results: Any) -> None:
    unary, streamed = (results["tools"][way]["choices"][0] for way in ("unary", "streamed"))
    (call,) = unary["message"]["tool_calls"]
    assert call["function"] == {"name": "get_weather", "arguments": '{"city": "Rome"}'}
    assert streamed["finish_reason"] == unary["finish_reason"] == "tool_calls"
    (other,) = streamed["message"]["tool_calls"]
    assert {name: other[name] for name in call} | {"function": call["function"]} == call
    assert other["function"]["arguments"] == call["function"]["arguments"]


@pytest.mark.spec("S31")
def test_the_client_runs_tools_to_the_end(results: Any) -> None:
    assert results["toolsRun"]["called"] == ["Rome"]
    assert "sunny" in results["toolsRun"]["content"]


@pytest.mark.spec("S53")
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(IMAGES[0], id="image", marks=pytest.mark.spec("S08")),
        pytest.param(VIDEOS[0], id="video", marks=pytest.mark.spec("S09")),
        pytest.param(AUDIOS[0], id="audio", marks=pytest.mark.spec("S10")),
    ],
)
def test_media_are_answered_whole_and_streamed(results: Any, case: Case) -> None:
    answers = results["shown"][case.name]
    details = answers["unary"]["usage"]["prompt_tokens_details"]
    assert details[f"{case.kind}_tokens"] == case.num_tokens
    for answer in answers.values():
        assert answer["choices"][0]["message"]["content"] == case.answer


@pytest.mark.spec("S40")
def test_headers_name_ignored_fields(results: Any) -> None:
    assert results["ignored"] == "frobnicate"


@pytest.mark.spec("S50")
def test_a_stream_may_be_closed_before_its_end(results: Any) -> None:
    assert results["left"]["role"] == "assistant"


@pytest.mark.spec("S46")
def test_models_are_listed(results: Any) -> None:
    assert results["models"] == [MODEL]


@pytest.mark.spec("S03")
@pytest.mark.spec("S04")
@pytest.mark.spec("S05")
@pytest.mark.spec("S39")
def test_errors_become_the_clients_own_exceptions(results: Any) -> None:
    field, model, key = (results[name] for name in ("wrongField", "wrongModel", "wrongKey"))
    assert (field["kind"], field["status"], field["param"]) == (
        "BadRequestError",
        400,
        "temperature",
    )
    assert "at most 2" in field["message"]
    assert (model["kind"], model["status"], model["code"]) == (
        "NotFoundError",
        404,
        "model_not_found",
    )
    assert (key["kind"], key["status"]) == ("AuthenticationError", 401)
