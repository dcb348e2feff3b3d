"""Starting, disconnecting, crashing, stopping: nothing is lost and nothing is left running."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from palaver.api.reference.examples import FAILURES
from tests.server import MODEL, NO_END, RunningServer, chat, running_server, wait_until_ready

PATH = "/v1/chat/completions"
ENDLESS = chat("Tell me a story.", max_tokens=3500, temperature=1, logit_bias=NO_END)


def eventually(condition: Callable[[], bool], timeout_s: float = 10) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def is_generating(server: RunningServer) -> bool:
    """Whether the engine reports sequences, waiting ones included."""
    with server.client() as client:
        return bool(client.get("/debug/engines").json()[MODEL])


def num_decoded_tokens(server: RunningServer) -> int:
    """How many tokens the engine has decoded since it started."""
    text = httpx.get(f"{server.url}/metrics").text
    found = re.search(rf'^palaver_decoded_tokens_total{{model="{MODEL}"}} (\S+)$', text, re.M)
    assert found
    return int(float(found[1]))


@contextlib.contextmanager
def generation_is_given_up(server: RunningServer) -> Iterator[None]:
    """Assert that a generation started in this context is cancelled before its end."""
    assert eventually(lambda: not is_generating(server))
    before = num_decoded_tokens(server)
    yield
    assert eventually(lambda: not is_generating(server))
    assert num_decoded_tokens(server) - before < ENDLESS["max_tokens"] - 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_leaves_no_process_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running_server(tmp_path) as server:
        (engine,) = server.engine_pids()
        server.stop(number)
        assert eventually(lambda: not is_alive(engine))


def test_sigterm_lets_a_running_answer_finish(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, server.client() as client:
        (engine,) = server.engine_pids()
        answers: list[httpx.Response] = []
        body = chat("Tell me a story.", max_tokens=1000, logit_bias=NO_END)
        asking = threading.Thread(target=lambda: answers.append(client.post(PATH, json=body)))
        asking.start()
        assert eventually(lambda: is_generating(server))
        server.process.send_signal(signal.SIGTERM)
        asking.join()
        assert answers[0].status_code == 200
        assert answers[0].json()["usage"]["completion_tokens"] == 1000
        server.process.wait(20)
        assert not is_alive(engine)


def test_an_engine_does_not_outlive_a_killed_server(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        (engine,) = server.engine_pids()
        server.process.kill()
        assert eventually(lambda: not is_alive(engine))


@pytest.mark.spec("S50")
def test_a_client_that_closes_a_stream_ends_its_generation(server: RunningServer) -> None:
    with generation_is_given_up(server), server.client() as client:
        body = ENDLESS | {"stream": True}
        with client.stream("POST", PATH, json=body) as response:
            lines = response.iter_lines()  # kept, since collecting it closes the stream
            next(lines)
            assert is_generating(server)


@pytest.mark.spec("S50")
def test_a_client_that_disconnects_before_a_unary_answer_ends_its_generation(
    server: RunningServer,
) -> None:
    with (
        generation_is_given_up(server),
        server.client() as client,
        pytest.raises(httpx.ReadTimeout),
    ):
        client.post(PATH, json=ENDLESS, timeout=0.7)


@pytest.mark.spec("S50")
def test_a_client_that_disconnects_before_the_first_token_opens_no_stream(
    server: RunningServer,
) -> None:
    (engine,) = server.engine_pids()
    given_up = 'status="499"'
    with generation_is_given_up(server), server.client() as client:

        def num_given_up() -> float:
            lines = client.get("/metrics").text.splitlines()
            return sum(float(line.split()[-1]) for line in lines if given_up in line)

        before = num_given_up()
        os.kill(engine, signal.SIGSTOP)
        try:
            with pytest.raises(httpx.ReadTimeout):
                client.post(PATH, json=ENDLESS | {"stream": True}, timeout=0.5)
            assert eventually(lambda: num_given_up() == before + 1)
        finally:
            os.kill(engine, signal.SIGCONT)


def test_a_killed_engine_is_a_503_and_is_restarted(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, server.client() as client:
        (engine,) = server.engine_pids()
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(client.post(PATH, json=ENDLESS)))
        asking.start()
        assert eventually(lambda: is_generating(server))
        os.kill(engine, signal.SIGKILL)
        asking.join()
        assert answers[0].status_code == 503
        assert answers[0].json()["reason"] == "MODEL_NOT_AVAILABLE"
        assert int(answers[0].headers["Retry-After"]) > 0
        wait_until_ready(server)
        assert client.post(PATH, json=chat()).status_code == 200


def test_a_stream_whose_engine_is_killed_ends_with_an_error_event(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, server.client() as client:
        (engine,) = server.engine_pids()
        with client.stream("POST", PATH, json=ENDLESS | {"stream": True}) as response:
            lines = response.iter_lines()
            next(lines)
            os.kill(engine, signal.SIGKILL)
            events = [line for line in lines if line]
        assert '"error"' in events[-2]
        assert "MODEL_NOT_AVAILABLE" in events[-2]
        assert events[-1] == "data: [DONE]"


@pytest.mark.spec("S04")
def test_an_engine_without_tokens_is_a_504_and_is_restarted(tmp_path: Path) -> None:
    environment = {"PALAVER_TOKEN_TIMEOUT_S": "1.5"}
    with running_server(tmp_path, environment=environment) as server, server.client() as client:
        (engine,) = server.engine_pids()
        os.kill(engine, signal.SIGSTOP)
        answer = client.post(PATH, json=chat())
        assert answer.status_code == 504
        assert answer.json()["reason"] == "TIMEOUT"
        assert answer.json()["message"] == FAILURES["silent"].message.replace("600", "1.5")
        assert eventually(lambda: not is_alive(engine))
        wait_until_ready(server)
        (engine,) = server.engine_pids()
        with client.stream("POST", PATH, json=ENDLESS | {"stream": True}) as response:
            lines = response.iter_lines()
            next(lines)
            os.kill(engine, signal.SIGSTOP)
            events = [line for line in lines if line]
        assert '"TIMEOUT"' in events[-2]
        assert events[-1] == "data: [DONE]"
        wait_until_ready(server)
        assert client.post(PATH, json=chat()).status_code == 200


def test_the_first_start_makes_a_key_and_the_second_keeps_it(tmp_path: Path) -> None:
    variables = {"PALAVER_API_KEY": ""}

    def printed(server: RunningServer) -> str:
        assert server.stop() == 0
        return (tmp_path / "log").read_text()

    with running_server(tmp_path, environment=variables) as server:
        log = printed(server)
    secret = next(word for word in log.split() if word.startswith("sk-palaver-"))
    assert log.count(secret) == 2, "once by itself, once in the curl line"
    assert secret.encode() not in (tmp_path / "palaver.db").read_bytes()
    with running_server(tmp_path, environment=variables) as server:
        headers = {"Authorization": f"Bearer {secret}"}
        assert httpx.get(f"{server.url}/v1/models", headers=headers).status_code == 200
        assert "sk-palaver-" not in printed(server)


def test_a_model_that_cannot_be_loaded_stops_the_start_and_is_named(tmp_path: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "palaver", "serve", "--port", "0"]
    command += ["--data-dir", str(tmp_path), "--model", f"my/model={tmp_path}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "openvino_model.xml" in ended.stderr
    assert "Traceback" not in ended.stderr
